/* What is said when the program cannot start. All of it goes to the standard error stream in one write. */

#pragma once

/* The statuses that shells give: a program that is not there, and one that cannot be executed. */
enum { STATUS_REFUSED = 126, STATUS_NOT_FOUND = 127 };

/* Whose name messages begin with. */
void report_as(const char *program);

/* Add a line below the message that is to come: a place that was tried and what was wrong with it. */
void report_tried(const char *place, const char *reason);

/* What was tried is beside the point of the message that is to come. */
void report_forget_tried(void);

_Noreturn void report_and_exit(int status, const char *message);

/* A failure of the system in words. */
const char *reason_of(long failure);
