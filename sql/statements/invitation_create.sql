-- Drafts invitations for the groups that are missing.
select status, body, etag, location, next
from kept.invitation_create(:request::jsonb, :id::uuid, :body::jsonb)
