// A hostile dump in a real PostgreSQL server, with each wall of the sandbox missing in turn.
#include <errno.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "attack.h"

struct postgres {
	struct world world;
	char *socket_dir;
	int local;
	struct restore_moulds *moulds;
	struct buf library; /* as hexadecimal digits */
};

static int
run(const char *const *argv)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

/* What a library does to a server as soon as it is loaded, long before it is asked for a function. */
static void
make_library(const struct world *w, struct buf *ret)
{
	char *source = mem_printf("%s/evil.c", place), *library = mem_printf("%s/evil.so", place);
	const char *const argv[] = {
	    "cc", "-shared", "-fPIC", "-nostartfiles", "-o", library, source, NULL};
	struct buf code = BUF_INIT, bytes = BUF_INIT;

	buf_printf(&code,
	    "#include <fcntl.h>\n#include <stdlib.h>\n#include <unistd.h>\n#include <sys/stat.h>\n"
	    "#include <sys/socket.h>\n#include <arpa/inet.h>\n#include <netinet/in.h>\n"
	    "__attribute__((constructor)) static void evil(void) {\n"
	    "struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(%u)};\n"
	    "char *argv[] = {\"touch\", \"%s-execve\", 0};\n"
	    "int s = socket(AF_INET, SOCK_STREAM, 0);\n"
	    "a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);\n"
	    "if (s >= 0) (void)!connect(s, (struct sockaddr *)&a, sizeof(a));\n"
	    "(void)!open(\"%s-open\", O_CREAT | O_WRONLY, 0666);\n"
	    "(void)!unlink(\"%s\"); (void)!chmod(\"%s\", 0777); (void)!truncate(\"%s\", 0);\n"
	    "(void)!system(\"touch %s-system\");\n"
	    "if (fork() == 0) { setsid(); if (fork() == 0) sleep(1000);\n"
	    "  execve(\"/usr/bin/touch\", argv, 0); _exit(0); }\n"
	    "}\n",
	    w->port, w->evil, w->evil, w->victim, w->victim, w->victim, w->evil);
	assert_int_equal(fsio_write_atomic(source, code.data, code.len, 0644, NULL), 0);
	assert_int_equal(run(argv), 0);
	assert_int_equal(fsio_read_file(library, 1 << 20, &bytes, NULL), 0);
	str_add_hex(ret, (const uint8_t *)bytes.data, bytes.len);
	buf_release(&code);
	buf_release(&bytes);
	free(source);
	free(library);
}

static struct postgres postgres;

static int
setup(void **state)
{
	struct postgres *p = *state = &postgres;
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (make_world(&p->world) < 0)
		return -1;
	p->moulds = restore_moulds_new();
	p->library = BUF_INIT;
	p->socket_dir = mem_printf("%s/production", place);
	assert_int_equal(mkdir(p->socket_dir, 0755), 0);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s/.s.PGSQL.5432", p->socket_dir);
	p->local = listen_at((const struct sockaddr *)&un, sizeof(un), AF_UNIX);
	assert_int_equal(chmod(un.sun_path, 0777), 0);
	make_library(&p->world, &p->library);
	return 0;
}

static int
teardown(void **state)
{
	struct postgres *p = *state;

	(void)close(p->local);
	restore_moulds_free(p->moulds);
	buf_release(&p->library);
	free(p->socket_dir);
	return end_world(&p->world);
}

/* Every attempt is caught by the dump itself, and noted in a table: the load goes on to its end. */
static void
add_attempt(struct buf *dump, const char *what, const char *fmt, ...)
{
	va_list ap;

	buf_printf(dump, "SELECT public.attempt('%s', $q$", what);
	va_start(ap, fmt);
	buf_vprintf(dump, fmt, ap);
	va_end(ap);
	buf_str(dump, "$q$);\n");
}

static const char head[] =
    "--\n-- PostgreSQL database dump\n--\n"
    "SELECT pg_catalog.set_config('search_path', '', false);\n"
    "CREATE TABLE public.did (what text, how text);\n"
    "CREATE TABLE public.t (a text);\n"
    "CREATE FUNCTION public.attempt(what text, sql text) RETURNS void LANGUAGE plpgsql AS $f$\n"
    "BEGIN EXECUTE sql; INSERT INTO public.did VALUES (what, 'DONE');\n"
    "EXCEPTION WHEN OTHERS THEN INSERT INTO public.did VALUES (what, SQLERRM); END $f$;\n";
static const char tail[] = "--\n-- PostgreSQL database dump complete\n--\n";

static char *
hostile_dump(const struct postgres *p)
{
	const struct world *w = &p->world;
	char *path = mem_printf("%s/hostile.sql", place);
	struct buf d = BUF_INIT;

	buf_str(&d, head);
	add_attempt(&d, "to program", "COPY (SELECT 1) TO PROGRAM 'touch %s-to'", w->evil);
	add_attempt(&d, "from program", "COPY public.t FROM PROGRAM 'touch %s-from'", w->evil);
	add_attempt(&d, "to file", "COPY (SELECT 1) TO '%s-copy'", w->evil);
	add_attempt(&d, "over file", "COPY (SELECT 1) TO '%s'", w->victim);
	add_attempt(&d, "read file", "SELECT pg_read_file('%s')", w->victim);
	add_attempt(&d, "list", "SELECT pg_ls_dir('%s')", w->canary);
	add_attempt(&d, "lo_import", "SELECT lo_import('%s')", w->victim);
	add_attempt(&d, "lo_export", "SELECT lo_export(lo_from_bytea(0, 'x'), '%s-lo')", w->evil);
	add_attempt(&d, "libc",
	    "CREATE FUNCTION public.sys(cstring) RETURNS int LANGUAGE c AS 'libc.so.6', 'system'");
	add_attempt(&d, "dblink",
	    "CREATE EXTENSION dblink SCHEMA public; "
	    "SELECT public.dblink_connect('host=127.0.0.1 port=%u dbname=x connect_timeout=2')",
	    w->port);
	add_attempt(
	    &d, "dblink local", "SELECT public.dblink_connect('host=%s dbname=x')", p->socket_dir);
	add_attempt(&d, "postgres_fdw",
	    "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw "
	    "OPTIONS (host '127.0.0.1', port '%u'); CREATE USER MAPPING FOR current_user SERVER s; "
	    "CREATE FOREIGN TABLE public.ft (a int) SERVER s; SELECT * FROM public.ft",
	    w->port);
	add_attempt(&d, "file_fdw",
	    "CREATE EXTENSION file_fdw; CREATE SERVER f FOREIGN DATA WRAPPER file_fdw; "
	    "CREATE FOREIGN TABLE public.pt (a text) SERVER f OPTIONS (program 'touch %s-fdw'); "
	    "SELECT * FROM public.pt",
	    w->evil);
	/* in a trigger, a security definer function, an index, an event trigger */
	buf_printf(&d,
	    "CREATE FUNCTION public.hook() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ "
	    "BEGIN PERFORM public.attempt('trigger', 'COPY (SELECT 1) TO PROGRAM ''touch "
	    "%s-trigger'''); RETURN NEW; END $f$;\n"
	    "CREATE TRIGGER hook AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION "
	    "public.hook();\nINSERT INTO public.t VALUES ('x');\n"
	    "CREATE FUNCTION public.event() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN "
	    "PERFORM public.attempt('event', 'COPY (SELECT 1) TO ''%s-event'''); END $f$;\n"
	    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION public.event();\n"
	    "CREATE TABLE public.fires (a int);\nDROP EVENT TRIGGER e;\n",
	    w->evil, w->evil);
	/* machine code of its own, from a file in the data directory */
	buf_str(&d, "SELECT pg_catalog.lo_from_bytea(4711, '\\x");
	buf_add(&d, p->library.data, p->library.len);
	buf_str(&d, "');\n");
	add_attempt(&d, "own library", "SELECT lo_export(4711, 'evil.so')");
	add_attempt(&d, "load", "LOAD '/proc/self/cwd/evil.so'");
	buf_str(&d, tail);
	assert_int_equal(fsio_write_atomic(path, d.data, d.len, 0644, NULL), 0);
	buf_release(&d);
	return path;
}

/* All attempts were made, and only what stays in the data directory was done. */
static const char *const demands[] = {
    "SELECT count(*) FILTER (WHERE how = 'DONE') = 0 FROM did WHERE what NOT IN "
    "('own library', 'load')",
    "SELECT count(DISTINCT what) >= 16 FROM did", NULL};
/* As root and without Landlock, what everybody may read can be read, and that is all. */
static const char *const demands_reading[] = {
    "SELECT count(*) FILTER (WHERE how = 'DONE') = 0 FROM did WHERE what NOT IN "
    "('own library', 'load', 'read file', 'list', 'lo_import')",
    "SELECT count(DISTINCT what) >= 16 FROM did", NULL};

static void
each_wall_missing_in_turn(void **state)
{
	struct postgres *p = *state;
	const struct world *w = &p->world;
	char *path = hostile_dump(p);
	bool root = geteuid() == 0;

	for (unsigned off = 0; off <= SANDBOX_SECCOMP; off = off ? off << 1 : 1) {
		struct restore_options options = {.sandbox_off = off, .moulds = p->moulds};
		bool reads = off == SANDBOX_LANDLOCK, connects = off == SANDBOX_SECCOMP;
		struct restore_result r;

		/* Where it is nobody else, only Landlock keeps a server from the user's files: it is
		 * required there by default. */
		if (off == SANDBOX_LANDLOCK && !root)
			continue;
		r = drill(path, &options, connects ? NULL : reads ? demands_reading : demands);
		if (off == SANDBOX_UID && root) {
			assert_int_equal(r.verdict, RECORD_VERDICT_ERROR);
			assert_string_equal(r.reason, "server");
		} else {
			if (r.verdict != RECORD_VERDICT_PASS)
				print_message("off %x: %s\n", off, r.message);
			assert_int_equal(r.verdict, RECORD_VERDICT_PASS);
			assert_int_equal(r.level, RECORD_LEVEL_RESTORED);
		}
		assert_false(r.sandbox.bits & off);
		assert_untouched(w);
		if ((r.sandbox.bits & (SANDBOX_SECCOMP | SANDBOX_NAMESPACES)) ||
		    r.sandbox.landlock_abi >= 4)
			assert_false(was_called(w->tcp));
		if (!connects)
			assert_false(was_called(p->local));
		while (was_called(p->local) || was_called(w->tcp))
			;
		restore_result_release(&r);
	}
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_wall_missing_in_turn),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
