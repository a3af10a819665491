# bkm: build, check, run, install. `make help` says what there is.
# Variables of the GNU conventions (prefix, DESTDIR, CC, CFLAGS, …) are honoured.

SHELL       := /bin/sh
VERSION     := 0.1.0
BUILD       ?= .build
prefix      ?= /usr/local
exec_prefix ?= $(prefix)
bindir      ?= $(exec_prefix)/bin
datadir     ?= $(prefix)/share
mandir      ?= $(datadir)/man
sysconfdir  ?= $(prefix)/etc
INSTALL     ?= install
PKG_CONFIG  ?= pkg-config
CC          := $(if $(filter default,$(origin CC)),gcc,$(CC))

COMMANDS := bkm-scan bkm-verify bkm-restore bkm-score bkm-report bkm-alert

# ---------------------------------------------------------------- packages
# What building and running need, what restore tests of real databases and the whole test run add.
PKGS_BUILD := gcc make pkg-config libc6-dev libsqlite3-dev libjq-dev libyaml-dev libssl-dev \
	libarchive-dev libcurl4-openssl-dev zlib1g-dev liblzma-dev libzstd-dev libbz2-dev liblz4-dev \
	libseccomp-dev $(PKGS_ISAL)
PKGS_ISAL  := $(if $(filter amd64 arm64,$(shell dpkg --print-architecture 2>/dev/null)),libisal-dev)
PKGS_RUN   := $(PKGS_BUILD) sqlite3 zip unzip zstd xz-utils bzip2 jq tar gzip util-linux
PKGS_CHECK := $(PKGS_RUN) bats libcmocka-dev lz4 lzip cpio p7zip-full libarchive-tools rsync file \
	python3 python3-aiosmtpd python3-jsonschema openssl postgresql mariadb-server chromium redis-tools slapd \
	qemu-utils strace faketime procps perl e2fsprogs iproute2 gpg gpg-agent age restic borgbackup mandoc \
	bsdextrautils genisoimage xorriso gcab ncompress rclone
PKGS_LINT  := clang-format clang-tidy cppcheck shellcheck codespell mandoc
PKGS_DEV   := $(PKGS_CHECK) $(PKGS_LINT) clang libclang-rt-14-dev gcovr valgrind hyperfine rhash pigz \
	aide hashdeep

# Install what dpkg does not know as installed; as root, or through sudo.
define install_packages
	@missing=; for p in $(1); do \
	  dpkg-query -W -f '$${db:Status-Status}\n' "$$p" 2>/dev/null | grep -qx installed || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "installing:$$missing"; \
	  if [ "$$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi; \
	  log=$$(mktemp) || exit 1; \
	  $$sudo apt-get -q update >"$$log" 2>&1 && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $$missing >>"$$log" 2>&1 || \
	  { tail -20 "$$log" >&2; echo "make: cannot install:$$missing" >&2; exit 1; }; \
	  rm -f "$$log"; \
	fi
endef

# Under sudo in somebody's clone, everything but apt-get runs as the owner of the clone.
OWNER     := $(shell stat -c %U . 2>/dev/null)
AS_OWNER  := $(if $(filter 0,$(shell id -u)),$(if $(filter-out root UNKNOWN,$(OWNER)),runuser -u $(OWNER) --))

# ---------------------------------------------------------------- flags
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wwrite-strings -Wvla -Wformat=2 -Wconversion -Wsign-conversion -Wnull-dereference -Wswitch-enum
GCC_WARN := -Wlogical-op -Wduplicated-cond -Wimplicit-fallthrough=5
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection
CF_PROTECTION := $(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
HARDEN_LD := -pie -Wl,-z,relro,-z,now,--as-needed
OPT ?= -O2 -D_FORTIFY_SOURCE=3
SANITIZE ?=
WERROR ?= $(if $(CI),-Werror)

PC := sqlite3 libarchive libcurl yaml-0.1 libcrypto zlib liblzma libzstd liblz4 libseccomp
# libjq and libbz2 have no .pc file in Debian 12; ISA-L is used where it is found.
LDLIBS_FIXED := -ljq -lbz2 -lm -lpthread
ISAL := $(shell $(PKG_CONFIG) --exists libisal 2>/dev/null && echo yes)
PC_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(PC) 2>/dev/null | sed 's/-I/-isystem /g')
PC_LIBS   = $(shell $(PKG_CONFIG) --libs $(PC) $(if $(ISAL),libisal))

ALL_CPPFLAGS = -D_GNU_SOURCE -DBKM_VERSION='"$(VERSION)"' $(if $(ISAL),-DBKM_WITH_ISAL) -Ilib $(PC_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu17 -g $(OPT) $(WARN) $(if $(findstring clang,$(CC)),,$(GCC_WARN)) $(WERROR) \
	$(HARDEN) $(CF_PROTECTION) -ffile-prefix-map=$(CURDIR)=. $(SANITIZE) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(SANITIZE) $(LDFLAGS)

# ---------------------------------------------------------------- files
LIB_SRC  := $(sort $(wildcard lib/*/*.c))
CMD_SRC  := $(sort $(wildcard cmd/*.c))
TEST_SRC := $(sort $(wildcard tests/unit/*/*_test.c))
MIGRATIONS := $(sort $(wildcard lib/store/migrations/*.sql))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/migrations.o
LIB      := $(BUILD)/libbkm.a
BINS     := $(CMD_SRC:cmd/%.c=$(BUILD)/bin/%)
TESTS    := $(TEST_SRC:tests/unit/%.c=$(BUILD)/test/%)
BATS     := $(sort $(wildcard tests/cmd/*.bats tests/pipe/*.bats tests/docs/*.bats tests/lint/*.bats))

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all help run check quick soak tables lint analyze asan tsan valgrind fuzz fuzz-smoke coverage bench \
	install uninstall deps deps-build deps-run deps-check deps-dev clean ci test-bins FORCE

all: $(LIB) $(BINS) $(BUILD)/share ## build the six commands into .build/bin

# A change of flags rebuilds everything.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(CC) $(subst ','\'',$(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS))' | cmp -s - $@ || \
	  printf '%s\n' '$(CC) $(subst ','\'',$(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS))' > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC   $<";)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/migrations.o: $(BUILD)/gen/migrations.c $(BUILD)/flags
	$(if $(V),,@echo "  CC   $<";)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -Wno-overlength-strings -MMD -MP -c -o $@ $<

# The SQL of every migration as C strings, in order, with a NULL behind the last.
$(BUILD)/gen/migrations.c: $(MIGRATIONS) lib/store/embed.sh
	@mkdir -p $(@D)
	sh lib/store/embed.sh $(MIGRATIONS) > $@

$(LIB): $(LIB_OBJ)
	@rm -f $@
	@ar rcsD $@ $^

# A command is cmd/NAME.c and, where that is too much for one file, the parts in cmd/NAME/.
.SECONDEXPANSION:
$(BUILD)/bin/%: $(BUILD)/cmd/%.o $$(addprefix $(BUILD)/,$$(addsuffix .o,$$(basename $$(sort $$(wildcard cmd/$$*/*.c))))) $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD   $@";)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(PC_LIBS) $(LDLIBS_FIXED)

# The commands find share/ beside their own bin/: the same in the tree and installed.
$(BUILD)/share:
	@mkdir -p $(BUILD)
	@ln -sfn $(CURDIR)/share $@

$(BUILD)/test/%: tests/unit/%.c $(LIB) $(BUILD)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST $@";)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< \
	  $(LIB) -lcmocka $(PC_LIBS) $(LDLIBS_FIXED)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

test-bins: $(TESTS)

# ---------------------------------------------------------------- tests
JOBS ?= 2
PROVE = env BKM_BUILD=$(abspath $(BUILD)) prove -j $(JOBS) --exec tests/run-one

run: ## install what is missing, build, make sample backups, run the six commands on them
	$(call install_packages,$(PKGS_RUN))
	@$(AS_OWNER) $(MAKE) --no-print-directory -j2 all
	@$(AS_OWNER) sh share/examples/demo/run.sh $(CURDIR)

check: ## install what the tests need, build, run all of them
	$(call install_packages,$(PKGS_CHECK))
	@$(AS_OWNER) $(MAKE) --no-print-directory -j2 all test-bins
	@$(PROVE) $(TESTS) $(BATS)

quick: all test-bins ## the unit tests only, nothing installed
	@$(PROVE) $(TESTS)

soak: all test-bins ## the long proofs: every-byte cuts, kill storms, fuzzing
	@BKM_SOAK=1 $(PROVE) $(TESTS) $(BATS)
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=600

tables: all test-bins ## bring schema and bkm-records(5) up to date with lib/record/fields.c
	@BKM_BUILD=$(abspath $(BUILD)) sh tests/docs/records.sh

# ---------------------------------------------------------------- lint
C_FILES = $(sort $(wildcard cmd/*.c cmd/*/*.[ch] lib/*/*.[ch] tests/unit/*/*.[ch] tests/fuzz/*.[ch] tests/bench/*.[ch] tests/fixtures/*.[ch]))
SH_FILES = $(sort $(shell grep -lE '^\#!(/usr/bin/env |/bin/)(ba)?sh' -r .ci lib share tests 2>/dev/null))

lint: ## format, static checks, layer rules, manual pages, spelling
	$(call install_packages,$(PKGS_BUILD) $(PKGS_LINT) libcmocka-dev bats)
	@$(MAKE) --no-print-directory -j2 all
	@sh tests/lint/run.sh '$(C_FILES)' '$(SH_FILES)' '$(BUILD)' '$(subst ','\'',$(ALL_CPPFLAGS))'

analyze: ## gcc -fanalyzer over everything
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/analyze CFLAGS='-fanalyzer -Wno-analyzer-too-complex' WERROR=-Werror all

# ---------------------------------------------------------------- sanitizers and friends
SAN_CHECK = $(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/$(1) OPT='-O1 -fno-omit-frame-pointer' \
	SANITIZE='$(2)' HARDEN= all test-bins && env BKM_BUILD=$(abspath $(BUILD))/$(1) $(3) \
	prove -j $(JOBS) --exec tests/run-one $(patsubst tests/unit/%.c,$(BUILD)/$(1)/test/%,$(filter %.c,$(4))) \
	$(filter %.bats,$(4))

asan: ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(call SAN_CHECK,asan,-fsanitize=address$(comma)undefined -fno-sanitize-recover=all,BKM_SANITIZED=1 \
	  ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1,$(TEST_SRC) $(BATS))

# Drills have no threads, and their walls have no room for the shadow memory. ThreadSanitizer itself makes the
# calls that hang_test stops.
TSAN_TESTS = $(filter-out tests/unit/restore/% tests/unit/sandbox/% tests/unit/scan/hang_test.c,$(TEST_SRC)) \
	$(filter tests/cmd/bkm-scan% tests/cmd/bkm-verify% tests/pipe/batches% tests/pipe/chain% tests/pipe/kill%,$(BATS))

tsan: ## what has threads, under ThreadSanitizer
	@$(call SAN_CHECK,tsan,-fsanitize=thread,BKM_SANITIZED=1,$(TSAN_TESTS))

# Memcheck cannot live behind the filter of system calls: what encloses children is left to asan.
MEMCHECK_TESTS = $(filter-out %/sandbox/sandbox_test %/sandbox/ends_test %/restore/drill_test %/restore/mysql_walls_test \
	%/restore/pg_test %/scan/hang_test %/verify/pool_test,$(TESTS))

valgrind: all test-bins ## the unit tests, and the stages without children, in memcheck
	$(call install_packages,valgrind)
	@BKM_VALGRIND=1 $(PROVE) $(MEMCHECK_TESTS) tests/pipe/memcheck.bats

FUZZ_SECONDS ?= 60
fuzz: ## every fuzzer for FUZZ_SECONDS
	@sh tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS) '$(subst ','\'',$(ALL_CPPFLAGS))' '$(PC_LIBS) $(LDLIBS_FIXED)'

fuzz-smoke: ## every fuzzer for ten seconds
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10

coverage: ## line coverage of lib/ and cmd/ by all tests, as .build/coverage/index.html
	$(call install_packages,gcovr)
	@$(call SAN_CHECK,coverage,--coverage,BKM_SANITIZED=1)
	@mkdir -p $(BUILD)/coverage && gcovr -r . --object-directory $(BUILD)/coverage \
	  --html-details $(BUILD)/coverage/index.html --print-summary lib cmd

bench: all ## bkm beside its named peers, as ratios with medians
	$(call install_packages,$(PKGS_DEV))
	@sh tests/bench/run.sh $(abspath $(BUILD))

# ---------------------------------------------------------------- install
install: ## install below prefix (default /usr/local), honours DESTDIR
	@$(AS_OWNER) $(MAKE) --no-print-directory all
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man7
	$(INSTALL) -m 755 $(COMMANDS:%=$(BUILD)/bin/%) $(DESTDIR)$(bindir)
	$(INSTALL) -m 644 $(wildcard man/*.1) $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 644 $(wildcard man/*.5) $(DESTDIR)$(mandir)/man5
	$(INSTALL) -m 644 $(wildcard man/*.7) $(DESTDIR)$(mandir)/man7
	@# share/ as it is; the examples go where documents go.
	cd share && find . -type f ! -path './examples/demo/*' -exec sh -c 'm=644; [ -x "$$1" ] && m=755; \
	  to=$$(echo "$$1" | sed "s,^\./examples/,doc/bkm/examples/,"); \
	  $(INSTALL) -D -m $$m "$$1" "$(DESTDIR)$(datadir)/$$to"' sh {} \;
	$(INSTALL) -D -m 644 README.md $(DESTDIR)$(datadir)/doc/bkm/README.md

uninstall: ## remove what install put there
	rm -f $(COMMANDS:%=$(DESTDIR)$(bindir)/%)
	rm -f $(patsubst man/%.1,$(DESTDIR)$(mandir)/man1/%.1,$(wildcard man/*.1))
	rm -f $(patsubst man/%.5,$(DESTDIR)$(mandir)/man5/%.5,$(wildcard man/*.5))
	rm -f $(patsubst man/%.7,$(DESTDIR)$(mandir)/man7/%.7,$(wildcard man/*.7))
	cd share && find . -type f ! -path './examples/*' -exec rm -f '$(DESTDIR)$(datadir)/{}' \;
	rm -rf $(DESTDIR)$(datadir)/doc/bkm
	[ ! -d $(DESTDIR)$(datadir)/bkm ] || find $(DESTDIR)$(datadir)/bkm -depth -type d -empty -delete

deps: deps-build ## install what building needs
deps-build:
	$(call install_packages,$(PKGS_BUILD))
deps-run:
	$(call install_packages,$(PKGS_RUN))
deps-check:
	$(call install_packages,$(PKGS_CHECK))
deps-dev: ## install everything that any target here uses
	$(call install_packages,$(PKGS_DEV))

clean: ## remove what was built
	rm -rf $(BUILD)

ci: ## what .ci/run runs
	@$(MAKE) --no-print-directory lint check

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

comma := ,
