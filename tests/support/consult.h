/*
 * consult.h: a plan of the register's school east (register.h), made by SQL, whose versions have one line each of the
 * families and of the business community.
 */
#ifndef TESTS_SUPPORT_CONSULT_H
#define TESTS_SUPPORT_CONSULT_H

#include "tests/support/register.h"

#define CONSULT_PLAN REGISTER_ID("51")
#define CONSULT_FRAMEWORK REGISTER_ID("52")
#define CONSULT_LINE REGISTER_ID("53")       /* of the families */
#define CONSULT_ITEM REGISTER_ID("54")       /* that line in version 1 */
#define CONSULT_ITEM_LATER REGISTER_ID("55") /* in version 2 */
#define CONSULT_ITEM_CHAMBER REGISTER_ID("56")

/* Makes the plan anew, without a version; what was there of it goes. After register_clear(). */
void consult_plan(const char *superuser);
/* A version in consultation since the day before REGISTER_NOW, with one item of the families: its title, its due date
 * (SQL, null: none), and the digit that its digest is made of. */
void consult_version(const char *superuser, int number, const char *title, const char *due_on, const char *digit);
/* An item of the business community in version 1. */
void consult_chamber(const char *superuser);

/* Another plan, of any district and school, with one item of that group in consultation since that instant. */
struct consult {
	char plan[40], item[40];
};
void consult_made(struct consult *made, const char *superuser, const char *district, const char *school,
		  const char *group, const char *since);

#endif
