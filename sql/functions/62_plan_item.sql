-- 62: the items of a plan: what each group answers for.

create or replace function kept.plan_item_hash(i kept.plan_item) returns text
language sql immutable parallel safe
as $$
	select encode(sha256(convert_to(jsonb_build_object(
		'group', i.group_code,
		'title', i.title,
		'description', i.description,
		'due_on', to_char(i.due_on, 'YYYY-MM-DD'),
		'owed_to_group', i.owed_to_group)::text, 'UTF8')), 'hex')
$$;
comment on function kept.plan_item_hash(kept.plan_item) is
	'SHA-256, as hexadecimal, of the exact text that a group agrees to: the jsonb text of group, title, description, due_on and owed_to_group.';
grant execute on function kept.plan_item_hash(kept.plan_item) to kept_api;
