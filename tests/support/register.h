/*
 * register.h: a small register to try statements on: two districts with people, schools, organisations and keys.
 *
 * All is made by SQL, so it needs nothing but a migrated database. The clock, where it is the test clock, stands at
 * REGISTER_NOW until a test moves it.
 */
#ifndef TESTS_SUPPORT_REGISTER_H
#define TESTS_SUPPORT_REGISTER_H

#include "tests/support/cluster.h"

#define REGISTER_NOW "2027-01-10 15:00:00+00" /* a Sunday, 10:00 in New York */

#define REGISTER_ID(end) "00000000-0000-7000-8000-0000000000" end
#define HASH4(c) c c c c
#define HASH16(c) HASH4(c) HASH4(c) HASH4(c) HASH4(c)
#define HASH64(c) HASH16(c) HASH16(c) HASH16(c) HASH16(c)

/* Lakeview, America/New_York, en */
#define LAKEVIEW REGISTER_ID("01")
#define SCHOOL_EAST REGISTER_ID("11")  /* in the district's zone */
#define SCHOOL_WEST REGISTER_ID("12")  /* America/Los_Angeles */
#define PERSON_MARIA REGISTER_ID("21") /* an email contact, families */
#define PERSON_BEN REGISTER_ID("22")   /* no contact, teachers */
#define PERSON_ERASED REGISTER_ID("23")
#define ORGANISATION_CHAMBER REGISTER_ID("31") /* a webhook contact, business_community */
#define ORGANISATION_CHAPTER REGISTER_ID("32") /* no contact, teacher_unions */
#define KEY_ADMIN HASH64("a")
#define KEY_STEWARD HASH64("b")
#define KEY_PARTNER HASH64("c") /* of the chamber */
#define KEY_READER HASH64("d")
#define KEY_STEWARD_EAST HASH64("1") /* of the school east */
#define KEY_STEWARD_FAMILIES HASH64("2")

/* Hillside, another tenant */
#define HILLSIDE REGISTER_ID("02")
#define HILLSIDE_SCHOOL REGISTER_ID("b1")
#define HILLSIDE_PERSON REGISTER_ID("b2")
#define HILLSIDE_ORGANISATION REGISTER_ID("b3")
#define KEY_HILLSIDE HASH64("e")

/* Fills a fresh database; `superuser` is its connection string. */
void register_fill(const char *superuser);
/* Removes what tests add: commitments, reminders, messages, endpoints, events, stored replies, policies but the
 * default. */
void register_clear(const char *superuser);

#endif
