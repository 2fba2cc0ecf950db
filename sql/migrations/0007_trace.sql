-- 0007: the trace that an event and a message belong to (W3C Trace Context), from the request to the webhook.

do $$
declare
	name text;
begin
	-- Columns without default and checks of new rows only: no row is read or written anew.
	foreach name in array array['event', 'message', 'reminder'] loop
		execute format('alter table kept.%I add column traceparent text, add column tracestate text', name);
		execute format('alter table kept.%1$I add constraint %2$I check (char_length(traceparent) = 55 and char_length(tracestate) <= 512) not valid',
			name, name || '_trace');
	end loop;
end
$$;
comment on column kept.event.traceparent is 'Trace and span of the request that made it; NULL: no request did.';
comment on column kept.event.tracestate is 'What the caller''s tracing system added; NULL: nothing.';
comment on column kept.message.traceparent is 'Trace that each attempt is a span of; NULL: the message''s id is the trace''s.';
comment on column kept.message.tracestate is 'Goes with it.';
comment on column kept.reminder.traceparent is 'Trace and span of the request that asked for it by hand; NULL: its day came.';
comment on column kept.reminder.tracestate is 'Goes with it.';

alter type kept.sending add attribute traceparent text, add attribute tracestate text;
