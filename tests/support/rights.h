/*
 * rights.h: "who may what" as data: what a key of each role and scope gets on each thing that an operation of the
 * contract can be asked for; and districts that have all these things, inside of the scope of keys and outside of it.
 *
 * An operation that is new in the contract gets a row in rights.c; until then it fails the test.
 */
#ifndef TESTS_SUPPORT_RIGHTS_H
#define TESTS_SUPPORT_RIGHTS_H

#include "tests/support/world.h"

/* What a key is for. A school key is for the school INSIDE, a group key for families, an organisation key (partners
 * only) for the organisation INSIDE. */
enum scope { WHOLE, OF_SCHOOL, OF_GROUP, OF_ORGANISATION, SCOPES };

/* Families at one school, with its organisation; or teachers at another. */
enum side { INSIDE, OUTSIDE, SIDES };

enum visibility { PRIVATE, OF_ITS_GROUP, PLAN, PUBLIC, VISIBILITIES };

/* What the {id} of an operation is. */
enum kind {
	NOTHING, /* the path has no id; the body is for a side */
	COMMITMENT,
	EVENT,        /* of a commitment */
	PLEDGE,       /* of the organisation; of another commitment of each visibility */
	CONFIRMATION, /* of a group; of the commitments of PLEDGE */
	PERSON,
	PERSON_CONTACT,
	ORGANISATION,
	ORGANISATION_CONTACT,
	FREE_ORGANISATION, /* has no part in anything */
	ACTION,
	SCHOOL,
	FREE_SCHOOL,
	POLICY,
	CLOSED_DAY,
	MEETING, /* of a school, answers of a group */
	MEETING_ANSWER,
	INVITATION, /* to an open plan, a draft */
	KEY,
	ENDPOINT,
	DELIVERY,
	FRAMEWORK,
	FREE_FRAMEWORK, /* no plan is made by it */
	DRAFT_PLAN,     /* not yet put to the groups */
	OPEN_PLAN,      /* in consultation */
	GROUP_CODE,     /* the same in all districts */
	/* Of two values: what it belongs to and itself. */
	DRAFT_ITEM,
	OPEN_ITEM,
	OPEN_VERSION,
	RESPONSE, /* the organisation's to OPEN_ITEM */
	COMMENT,  /* the same */
	KINDS
};

enum rule {
	NEVER,          /* 403, whatever is asked for */
	ALWAYS,         /* inside and outside of the scope */
	IN_SCOPE,       /* outside of it as if it were not there */
	IN_SCOPE_SEEN,  /* outside of it 403 */
	IN_SCHOOL_SEEN, /* the same, and never with a group key: it is a whole school's */
	IN_GROUP_SEEN,  /* the same, and never with a school key: it is a whole group's */
	OWN,            /* the organisation's own; else as if it were not there */
	OWN_SEEN,       /* the organisation's own; else 403 */
	AT_SCHOOL_OWN,  /* with another school's key as if it were not there, and 403 where it is not its organisation's
			 */
	OWN_SAID,       /* what the organisation said itself; else as if it were not there */
	READABLE,       /* by visibility; else as if it were not there */
	READABLE_IN_SCOPE, /* the same, and 403 where it is readable and outside of the scope */
	READABLE_REFUSED,  /* the same, and 403 where it is readable */
	READABLE_NO_GROUP, /* the same, and 403 for keys of a group where it is readable */
	READABLE_AS_OWN,   /* the same, and 403 for keys of no organisation */
	READABLE_ONLY_OWN, /* the same, and as if it were not there where it is not its organisation's */
	SEEN_AT_SCHOOL,    /* a school's: with another school's key as if it were not there */
	AT_SCHOOL,         /* the same, and 403 with a group key: it is a whole school's */
	AT_SCHOOL_GROUP,   /* the same, and 403 with the key of another group */
	HIDDEN,            /* as if it were not there */
	READABLE_OWN,      /* the same, and 403 where it is readable and not its organisation's */
};

struct right {
	const char *operation;
	enum kind kind;
	/* $S, $G, $P, $O, $A, $F, $I: school, group, person, organisation, action, framework, OPEN_ITEM of the side;
	 * NULL: none */
	const char *body;
	enum rule steward, partner, reader; /* an admin may all */
};

extern const struct right rights[];
extern const size_t right_count;

struct tenant {
	char id[64], admin[64];
	char mark[16];                               /* in each of its names and texts, and in no other district's */
	char keys[4][SCOPES][64];                    /* by place of the ROLE_ bit; "": there is no such key */
	char things[KINDS][SIDES][VISIBILITIES][80]; /* visibility 0 but for COMMITMENT, EVENT, PLEDGE */
};

/* Fills a district, of which `id`, `admin` and `mark` are there. */
void tenant_fill(struct tenant *tenant, const struct world *world);
/* A body with the things of a side. Good as long as what text_of() returns. */
const char *tenant_body(const struct tenant *tenant, enum side side, const char *form);
/* The same with ids that nothing has. */
const char *tenant_body_absent(const char *form);
/* The status that a key of that role bit and scope gets for a thing: 200 stands for every success. */
int right_status(const struct right *right, unsigned role, enum scope scope, enum side side,
		 enum visibility visibility);

#endif
