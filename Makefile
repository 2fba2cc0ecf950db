# Kept: targets for people. `make help` lists them. build/ and var/ are made and ignored.
#
# DEVELOPER=1              warnings are errors
# SANITIZE=address,undefined | thread    instruments everything, in a folder of its own below build/
# DEMO=no                  `make run` without the demonstration district
# FULL=1                   `make bench` with the long rows

CC ?= cc
PREFIX ?= /usr/local
PKG := libmicrohttpd jansson libpq libcrypto icu-i18n icu-uc libpcre2-8 libcurl
comma := ,
B := build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))

WARN := -Wall -Wextra -Wformat=2 -Wconversion -Wno-sign-conversion -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wundef -Wwrite-strings
HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero -fPIE
ifdef SANITIZE
HARDEN := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIE
endif
VERSION := $(shell cat include/kept/VERSION)
CPPFLAGS_ALL := -Iinclude -I. -I$(B)/gen -include include/kept/banned.h -D_GNU_SOURCE -DKEPT_VERSION='"$(VERSION)"' $(shell pkg-config --cflags-only-I $(PKG) 2>/dev/null) $(CPPFLAGS)
CFLAGS ?= -O2 -g
CFLAGS_ALL := -std=c11 $(CFLAGS) $(WARN) $(if $(DEVELOPER),-Werror) $(HARDEN) -ffile-prefix-map=$(CURDIR)=. -pthread
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -pthread $(LDFLAGS)
LIBS := -lmicrohttpd -ljansson -lpq -lev -lcrypto -lpcre2-8 -licui18n -licuuc -lm
LIBS_WORKER := -lcurl $(LIBS)
LIBS_TESTS := -lssl -lcheck -lsubunit -lrt $(LIBS_WORKER)

# The mains; all else is one archive. api/contract and sql/compiler are build tools.
API_ROOMS := api/bulk api/command api/csv api/limits api/reply api/request api/schema api/unit
MAINS := api/main.c worker/main.c sql/statements_main.c api/contract/main.c include/kept/embed_main.c
SOURCES := $(filter-out $(MAINS),$(wildcard include/kept/*.c sql/*.c api/*.c $(API_ROOMS:%=%/*.c) worker/*.c))
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
COMPILER := $(patsubst %.c,$(B)/%.o,$(filter-out $(MAINS),$(wildcard api/contract/*.c)))
GENERATED := statements contract embedded_migrations embedded_functions embedded_catalogue embedded_messages embedded_pages
GEN_OBJECTS := $(GENERATED:%=$(B)/gen/%.o)
ARCHIVE := $(B)/libkept.a

TEST_SUPPORT := $(patsubst %.c,$(B)/%.o,$(wildcard tests/support/*.c))
TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/*/*_test.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZER_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/fuzz/*_fuzz.c))
BENCH := $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/*.c))

.PHONY: all help run check tests fuzz fuzzers check-schema check-contract bench tour backup restore install lint clean check-metrics
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/kept-api $(B)/kept-worker $(B)/kept-receiver

help:
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1  /p' Makefile

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(B)/gen/%.o: $(B)/gen/%.c
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(ARCHIVE): $(OBJECTS) $(GEN_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(B)/kept-api: $(B)/api/main.o $(ARCHIVE)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(B)/kept-worker: $(B)/worker/main.o $(ARCHIVE)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_WORKER)

$(B)/kept-receiver: $(B)/deploy/try/receiver.o $(ARCHIVE)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# Build tools.
$(B)/embed: $(B)/include/kept/embed_main.o $(B)/include/kept/text.o
	$(CC) $(LDFLAGS_ALL) -o $@ $^
$(B)/statements: $(B)/sql/statements_main.o $(B)/sql/compiler/source.o $(B)/include/kept/text.o $(B)/include/kept/text_check.o
	$(CC) $(LDFLAGS_ALL) -o $@ $^
$(B)/contract: $(B)/api/contract/main.o $(COMPILER) $(patsubst %.c,$(B)/%.o,$(wildcard api/schema/*.c include/kept/text*.c))
	$(CC) $(LDFLAGS_ALL) -o $@ $^ -ljansson -lpcre2-8 -licui18n -licuuc

$(B)/gen/statements.c: $(B)/statements $(wildcard sql/statements/*.sql) sql/statements
	@mkdir -p $(@D)
	$(B)/statements $(sort $(wildcard sql/statements/*.sql)) > $@
$(B)/gen/contract.c: $(B)/contract api/pages/docs.css $(wildcard api/openapi/*.json) $(wildcard sql/statements/*.sql) api/openapi api/hooks.def
	@mkdir -p $(@D)
	$(B)/contract --hooks api/hooks.def --statements sql/statements --style api/pages/docs.css $(sort $(wildcard api/openapi/*.json)) > $@
$(B)/openapi.json: $(B)/gen/contract.c
	$(B)/contract --document --hooks api/hooks.def --statements sql/statements $(sort $(wildcard api/openapi/*.json)) > $@
define embed
$(B)/gen/embedded_$(1).c: $(B)/embed $(wildcard $(2)/*) $(2)
	@mkdir -p $$(@D)
	$(B)/embed embedded_$(1) $(sort $(wildcard $(2)/*)) > $$@
endef
$(eval $(call embed,migrations,sql/migrations))
$(eval $(call embed,functions,sql/functions))
$(eval $(call embed,catalogue,sql/catalogue))
$(eval $(call embed,messages,worker/messages))
$(eval $(call embed,pages,api/pages))

# Tests: each tests/DIR/NAME_test.c is a Check program of its own, linked with the archive and tests/support/.
$(B)/tests/%_test: $(B)/tests/%_test.o $(TEST_SUPPORT) $(ARCHIVE)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_TESTS)

# The API's schema engine on any schema and document, and on the public test suite.
$(B)/tests/validate $(B)/tests/suite: $(B)/tests/%: $(B)/tests/schema/%.o $(B)/tests/schema/json.o $(ARCHIVE)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ -ljansson -lpcre2-8 -licui18n -licuuc

$(B)/tests/bench/bench: $(BENCH) $(TEST_SUPPORT) $(ARCHIVE)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS_TESTS)

# Packages come first, in a make of its own: what is missing could not even be asked for above.
# A shell that starts make in the background has it ignore Ctrl-C; who sends SIGINT means it.
run: ## install what is missing, build, and run everything here on a private cluster
	@sh deploy/install.sh deploy/packages
	+@MAKE='$(MAKE)' sh deploy/build.sh $(B)
	@env --default-signal=INT sh deploy/run.sh $(B)

check: ## all tests that are for good, at most 10 minutes
	@sh deploy/install.sh deploy/packages tests/packages
	@$(MAKE) --no-print-directory tests
	@sh tests/run.sh $(B) $(TESTS)

METRICS_TESTS := $(B)/tests/unit/metrics_test $(B)/tests/http/metrics_test $(B)/tests/worker/metrics_test
check-metrics: ## the figures of both programs, also under promtool
	@sh deploy/install.sh deploy/packages tests/packages
	@$(MAKE) --no-print-directory all $(METRICS_TESTS)
	@KEPT_PROMTOOL=$$(sh tests/promtool.sh $(B)/tools) && export KEPT_PROMTOOL && sh tests/run.sh $(B) $(METRICS_TESTS)

# The fuzzers are linked by clang only; that they compile is seen here.
tests: all $(TESTS) $(FUZZER_OBJECTS) $(B)/tests/validate $(B)/tests/suite

check-schema: ## judge the schema engine by the public JSON-Schema-Test-Suite and by ajv; needs npm
	@$(MAKE) --no-print-directory -s $(B)/tests/validate $(B)/tests/suite
	@sh tests/schema/check.sh $(B)

bench: ## what it does in a second here, also in build/bench.txt, at most 20 minutes: FULL=1 for the long rows
	@sh deploy/install.sh deploy/packages tests/packages
	@$(MAKE) --no-print-directory -s all $(B)/tests/bench/bench
	@KEPT_BUILD=$(B) $(B)/tests/bench/bench $(if $(filter 1,$(FULL)),full)

# clang has libFuzzer; everything is built by it, instrumented, in a folder of its own.
fuzz: ## every reader of what comes from outside: SECONDS=60 for each
	@sh deploy/install.sh deploy/packages tests/packages-fuzz
	@$(MAKE) --no-print-directory -s B=build/fuzz CC=clang DEVELOPER=1 SANITIZE=fuzzer-no-link,address,undefined fuzzers
	@sh tests/fuzz/fuzz.sh build/fuzz $(or $(SECONDS),60) $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
fuzzers: $(FUZZERS)
$(B)/%_fuzz: $(B)/tests/fuzz/%_fuzz.o $(ARCHIVE)
	$(CC) $(LDFLAGS_ALL) -fsanitize=fuzzer -o $@ $^ $(LIBS_WORKER)

tour: ## one story in requests and mail, on a throw-away cluster with a moved clock
	@sh deploy/install.sh deploy/packages
	+@MAKE='$(MAKE)' sh deploy/build.sh $(B)
	@sh deploy/tour.sh $(B)

backup restore: export KEPT_FILE = $(FILE)
backup: ## save database and secrets: make backup FILE=kept.backup
	@sh deploy/install.sh deploy/packages
	@sh deploy/backup.sh save "$$KEPT_FILE"

restore: ## bring them back: make restore FILE=kept.backup
	@sh deploy/install.sh deploy/packages
	@sh deploy/backup.sh restore "$$KEPT_FILE"

install: all ## the two programs and their units, below DESTDIR and PREFIX (/usr/local); no headers
	@sh deploy/install_files.sh $(B) "$(DESTDIR)" "$(PREFIX)"

check-contract: all $(B)/openapi.json ## what others' tools say of the contract; needs Node.js 18 or later
	@sh tests/contract/check.sh $(B)

lint: export LINT_FLAGS = $(CPPFLAGS_ALL) $(CFLAGS_ALL)
lint: ## format, headers, shell, static checks
	@CC='$(CC)' sh tests/lint.sh

clean: ## removes build/, never var/
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
