-- 63: the versions of a plan: drafted, put to the groups, adopted, in force, under review, archived.

create or replace function kept.plan_version_json(v kept.plan_version) returns json
language sql stable
as $$
	select case when v.number is not null then json_build_object(
		'number', v.number,
		'status', v.status,
		'reason', v.reason,
		'text_hash', v.text_hash,
		'consulted_at', kept.instant(v.consulted_at),
		'adopted_at', kept.instant(v.adopted_at),
		'created_at', kept.instant(v.created_at),
		'updated_at', kept.instant(v.updated_at))
	end
$$;
comment on function kept.plan_version_json(kept.plan_version) is 'A version as a plan tells it, without its items.';
grant execute on function kept.plan_version_json(kept.plan_version) to kept_api;
