-- 64: what a group says to the items of a plan that are its own, and how an item stands.

create or replace function kept.standing_of(agree int, amend int, decline int) returns text
language sql immutable parallel safe
as $$
	select case
		when agree > amend + decline then 'agreed'
		when decline > agree and decline >= amend then 'declined'
		when amend > 0 then 'amended'
		else 'open'
	end
$$;
comment on function kept.standing_of(int, int, int) is
	'agreed: more agree than want a change or decline, together; declined: more decline than agree, and no fewer than want a change; amended: a change is asked for; open: nothing of that.';
grant execute on function kept.standing_of(int, int, int) to kept_api, kept_worker;

-- Served by the unique index on plan_item (district_id, plan_id, version_number, line) and by plan_response_item.
create or replace function kept.plan_item_standing(item uuid,
	out agree int, out amend int, out decline int, out abstain int, out standing text)
language plpgsql stable
as $$
declare
	-- How it stands must not depend on who asks.
	asked_by text := kept.see_as('admin');
begin
	with said as (
		-- A response is to an exact text. It holds for later versions as long as that stays.
		select r.stance, r.count, coalesce(r.person_id, r.organisation_id) as who,
			rank() over (partition by coalesce(r.person_id, r.organisation_id) order by same.version_number desc) as nth
		from kept.plan_item i
		join kept.plan_item same on same.district_id = i.district_id
			and same.plan_id = i.plan_id
			and same.version_number <= i.version_number
			and same.line = i.line
			and same.text_hash = i.text_hash
		join kept.plan_response r on r.district_id = same.district_id
			and r.item_id = same.id
			and r.replaced_by is null
		where i.district_id = kept.district()
		and i.id = item
	)
	select coalesce(sum(s.count) filter (where s.stance = 'agree'), 0),
		coalesce(sum(s.count) filter (where s.stance = 'amend'), 0),
		coalesce(sum(s.count) filter (where s.stance = 'decline'), 0),
		coalesce(sum(s.count) filter (where s.stance = 'abstain'), 0)
	into agree, amend, decline, abstain
	from said s
	where s.nth = 1;
	standing := kept.standing_of(agree, amend, decline);
	perform kept.see_as(asked_by);
end
$$;
comment on function kept.plan_item_standing(uuid) is
	'How a group stands to its item: each named person or unit by its latest word, others by their number; words on the same text in an earlier version count, the unnamed ones only until there are newer.';
grant execute on function kept.plan_item_standing(uuid) to kept_api, kept_worker;
