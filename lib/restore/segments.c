// What a PostgreSQL server of a drill may leave when it is killed as it starts: a System V segment.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/shm.h>
#include <unistd.h>

#include "restore/restore.h"

/* PGShmemHeader of storage/pg_shmem.h: what a server marks its data directory with. */
#define HEADER_SIZE  56
#define HEADER_MAGIC 679834894

static bool
has_header(int id)
{
	const int32_t *header = shmat(id, NULL, SHM_RDONLY);
	bool is;

	if ((intptr_t)header == -1)
		return false;
	is = header[0] == HEADER_MAGIC;
	(void)shmdt(header);
	return is;
}

/* Nobody is attached and its maker is dead: a server that wants one makes another. */
static bool
is_left(const struct shmid_ds *ds, uid_t owner)
{
	return ds->shm_segsz == HEADER_SIZE && ds->shm_nattch == 0 && ds->shm_perm.uid == owner &&
	    ds->shm_perm.cuid == owner && kill(ds->shm_cpid, 0) < 0 && errno == ESRCH;
}

size_t
restore_reap_segments(void)
{
	uid_t owner = geteuid() == 0 ? SANDBOX_NOBODY : geteuid();
	struct shmid_ds ds;
	size_t removed = 0;
	int last = shmctl(0, SHM_INFO, &ds);

	for (int i = 0; i <= last; i++) {
		int id = shmctl(i, SHM_STAT, &ds);

		if (id >= 0 && is_left(&ds, owner) && has_header(id) &&
		    shmctl(id, IPC_RMID, NULL) == 0)
			removed++;
	}
	return removed;
}
