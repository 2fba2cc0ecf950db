-- When a worker has to look next; in the same unit as tick. Served by the first entries of the same indexes.
select seconds, test_clock, more
from kept.tick_next()
