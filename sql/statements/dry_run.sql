-- Last statement of a unit that is to be kept by nobody: it fails on purpose, always.
select kept.dry_run()
