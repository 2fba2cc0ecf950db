-- Whether a worker still has its batch, which it then has for 30 seconds more. Served by batch_lease_id.
select kept.renew(:batch::uuid, :lease::uuid) as renewed
