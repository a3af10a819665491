/*
 * Throw-away servers: what the handlers share that load a dump into a real one.
 *
 * All of this runs in the second child of a drill (handler->program), which is enclosed, in the
 * scratch directory, and with Unix sockets if the handler says `server`. That child is the only
 * parent of the server: it prepares a data directory there, starts the server in narrower walls
 * (restore_spawn), talks to it itself, and simply returns. Its guard then ends everything that it
 * started, also when bkm itself was killed; files, the socket among them, go with the scratch
 * directory.
 *
 *	bkm -> guard -> second child (dump reader, protocol client) -> server, tools
 */
#ifndef RESTORE_SERVER_PRIVATE_H
#define RESTORE_SERVER_PRIVATE_H

#include "restore/restore_private.h"

/* Time and space while a server works. */
struct restore_watch {
	struct restore_child *child;
	const char *ignore; /* a directory name not counted (a log that is thrown away), or NULL */
	pid_t server;       /* 0: none yet */
	uint64_t base;      /* bytes in the scratch directory when the loading began */
	int64_t next_ms;    /* of the next look */
};

/* The scratch directory by name, in a program that restore_spawn() started: its path may lead through
 * places that the child's user cannot enter. */
#define RESTORE_SCRATCH "/proc/self/fd/3"

struct restore_spawn {
	const char *program;   /* absolute path */
	char *const *argv;     /* with argv[0]; NULL-terminated */
	char *const *env;      /* beside LC_ALL, TZ, PATH; NULL-terminated or NULL */
	const char *directory; /* to start in, from the scratch directory; NULL: itself */
	const char *log;       /* file in the scratch directory, appended: its 1 and 2; or NULL */
	bool has_in, has_out;
	int in, out;  /* its 0 and 1; else /dev/null */
	bool loose;   /* as the child itself: may start programs, has /etc. Only for what is done
	               * before a byte of the backup is seen, making a data directory, and for
	               * restore.command, which a person wrote. */
	bool sockets; /* with Unix sockets */
	bool reads;   /* may read the scratch directory, not write it */
};

/* Start a program that dies with this child. Unless loose, it can read /usr, write the scratch
 * directory, execute nothing. The pid, or -1 and the answer says why. */
pid_t restore_spawn(struct restore_child *child, const struct restore_spawn *spawn);

/* Wait for its end while watching: 0 and *ret_status (of waitpid), or -1 and the answer says why
 * (time, space); then it is killed. */
int restore_spawn_wait(struct restore_watch *watch, pid_t pid, int *ret_status);

/* The scratch directory becomes the current one, and can be named: a server wants its absolute path.
 * -1: the answer says why, as when nobody (which root's child is) may not walk there. */
int restore_enter_scratch(struct restore_child *child);

/* What is there now is not counted: call it when the server is ready. */
void restore_watch_begin(struct restore_watch *watch);

/* To be called whenever something is waited for; cheap, looks a few times a second. 0, or -1 and the
 * answer says: time limit, more than max_bytes, no space left, or the server ended. */
int restore_watch_look(struct restore_watch *watch);

/* Sleep for some milliseconds, and look. */
int restore_watch_pause(struct restore_watch *watch, unsigned ms);

/* Run restore.command, if there is one and the verdict is a pass so far, while the server is up, in the
 * walls of this child and in the scratch directory; env says how the database is reached. The answer
 * gets how it ended. */
void restore_server_command(struct restore_watch *watch, char *const *env);

/* The last line of a log file in the scratch directory that holds mark (NULL: any), made visible;
 * "" if there is none. */
void restore_log_line(
    struct restore_child *child, const char *log, const char *mark, char *ret, size_t size);

#endif
