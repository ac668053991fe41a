# SPDX-License-Identifier: MIT
# wanlab: one readable makefile. `make help` lists the targets.
#
# MODE=release (default), debug, asan (sanitizers: `make check MODE=asan`) or fuzz (by `make fuzz`);
# each has a build tree of its own with the layout of an installation: build/MODE/bin/wanlab,
# build/MODE/share/wanlab/workloads/…. V=1 shows commands.

MODE    ?= release
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   := build/$(MODE)

PKGS := libuv libnl-3.0 yaml-0.1 jansson libxml-2.0
CFLAGS_MODE_release := -O2 -g
CFLAGS_MODE_debug   := -O0 -g3
CFLAGS_MODE_asan    := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
                       -fno-sanitize-recover=undefined
CFLAGS_MODE_fuzz    := $(CFLAGS_MODE_asan) -fsanitize=fuzzer-no-link

CC      ?= cc
Q       := $(if $(V),,@)
say      = @printf '  %-4s %s\n' $(1) $(2)
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
WARN    := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wformat=2 \
           -Wpointer-arith -Wundef -Wno-format-nonliteral $(if $(WERROR)$(CI),-Werror)
CFLAGS  += -std=gnu11 $(CFLAGS_MODE_$(MODE)) $(WARN) -D_GNU_SOURCE -Iemulator -MMD -MP
PKG_CFLAGS  := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
SQL_CFLAGS   = $(shell mariadb_config --cflags)
SQL_LIBS     = $(shell mariadb_config --libs)
CURL_LIBS    = $(shell pkg-config --libs libcurl)
CMOCKA_LIBS  = $(shell pkg-config --libs cmocka)

objects = $(patsubst %.c,$(BUILD)/%.o,$(sort $(foreach d,$(1),$(wildcard $(d)/*.c))))
LAYERS  := base topology import net wire wire/delayline node lab experiment report cmd
EMULATOR_OBJ  := $(call objects,$(LAYERS:%=emulator/%)) \
                 $(patsubst %,$(BUILD)/emulator/agent/%.o,await builtin facts frame probe train transfer)
REPLICATE_OBJ := $(call objects,workloads/replicate)
REPLICATE_TESTABLE_OBJ := $(filter-out %/main.o,$(REPLICATE_OBJ))
CHECK_OBJ := $(call objects,workloads/check)
CHECK_LIB_OBJ := $(filter-out %/main.o,$(CHECK_OBJ))
LOAD_OBJ  := $(call objects,workloads/load) $(CHECK_LIB_OBJ)
ETCD_OBJ  := $(call objects,workloads/etcd)
GALERA_OBJ := $(call objects,workloads/galera)
FUZZ       := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%.t,$(wildcard tests/unit/test_*.c)) $(FUZZ:=.t)

WANLAB    := $(BUILD)/bin/wanlab
WORKLOADS := $(BUILD)/share/wanlab/workloads
STAGED    := $(addprefix $(WORKLOADS)/,check/history-check \
                 $(addprefix replicate/,replicate workload.yaml prepare mariadb-node) \
                 $(addprefix etcd/,etcd-load history-check workload.yaml prepare etcd-node) \
                 $(addprefix galera/,galera-load history-check workload.yaml prepare galera-node wsrep_sst_wanlab \
                     mariadb-prepare mariadb-node) \
                 $(addprefix redis/,workload.yaml redis-node redis-load) \
                 $(addprefix memory/,workload.yaml memory-stream primitives) \
                 $(addprefix cpu/,workload.yaml cpu-linpack primitives) \
                 $(addprefix primitives/,workload.yaml primitives) \
                 $(addprefix disk/,workload.yaml disk disk-host primitives) \
                 $(addprefix network/,workload.yaml network primitives) \
                 $(addprefix neighbour/,workload.yaml neighbour hunger.py measure.py) \
                 $(addprefix battery/,workload.yaml battery network disk memory-stream cpu-linpack primitives))

SOURCES   = $(shell git ls-files '*.c' '*.h')

all: $(WANLAB) $(STAGED) ## build the program and the workloads

$(WANLAB): $(BUILD)/emulator/main.o $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(PKG_LIBS)

$(BUILD)/libwanlab.a: $(EMULATOR_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(WORKLOADS)/replicate/replicate: $(REPLICATE_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(SQL_LIBS) $(PKG_LIBS)

$(WORKLOADS)/check/history-check: $(CHECK_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(PKG_LIBS)

# A node sees its workload's folder alone.
$(WORKLOADS)/etcd/history-check $(WORKLOADS)/galera/history-check: $(WORKLOADS)/check/history-check
	@mkdir -p $(@D)
	$(Q)cp -p $< $@

$(WORKLOADS)/galera/mariadb-prepare: workloads/replicate/prepare
	@mkdir -p $(@D)
	$(Q)cp -p $< $@

$(WORKLOADS)/galera/mariadb-node: workloads/replicate/mariadb-node
	@mkdir -p $(@D)
	$(Q)cp -p $< $@

$(WORKLOADS)/galera/galera-load: $(GALERA_OBJ) $(LOAD_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(SQL_LIBS) $(PKG_LIBS)

$(WORKLOADS)/etcd/etcd-load: $(ETCD_OBJ) $(LOAD_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(CURL_LIBS) $(PKG_LIBS)

# What measures a node: never instrumented, and with as little as possible of what differs between nodes. The kernels of
# STREAM are to be the loops that they are written as.
METER     := workloads/meter/meter.c $(patsubst %,emulator/base/%.c,error mem file)
METER_DEP := $(wildcard workloads/meter/*.h emulator/base/*.h)
meter      = $(CC) -std=gnu11 -O3 -fno-tree-loop-distribute-patterns $(WARN) -D_GNU_SOURCE -Iemulator -Iworkloads \
             -DMULTIARCH='"$(shell $(CC) -print-multiarch)"'
$(WORKLOADS)/memory/memory-stream: $(wildcard workloads/memory/*.[ch]) $(METER) $(METER_DEP)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(meter) -static -o $@ $(filter %.c,$^) -lm

$(WORKLOADS)/primitives/primitives: $(wildcard workloads/primitives/*.[ch]) $(METER) $(METER_DEP)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(meter) -static -o $@ $(filter %.c,$^) -lm

$(WORKLOADS)/cpu/cpu-linpack: $(wildcard workloads/cpu/*.[ch]) $(METER) $(METER_DEP)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(meter) -o $@ $(filter %.c,$^) -lm

$(WORKLOADS)/battery/network: workloads/network/network
$(WORKLOADS)/battery/disk: workloads/disk/disk
$(WORKLOADS)/battery/memory-stream: $(WORKLOADS)/memory/memory-stream
$(WORKLOADS)/battery/cpu-linpack: $(WORKLOADS)/cpu/cpu-linpack
WITH_PRIMITIVES := $(patsubst %,$(WORKLOADS)/%/primitives,disk network memory cpu battery)
$(WITH_PRIMITIVES): $(WORKLOADS)/primitives/primitives
$(addprefix $(WORKLOADS)/battery/,network disk memory-stream cpu-linpack) $(WITH_PRIMITIVES):
	@mkdir -p $(@D)
	$(Q)cp -p $< $@

$(WORKLOADS)/%: workloads/%
	@mkdir -p $(@D)
	$(Q)cp -p $< $@

$(BUILD)/emulator/base/version.o: CFLAGS += -DWANLAB_VERSION='"$(VERSION)"'

# What runs inside nodes that cannot be entered: static, never instrumented, carried inside the
# program.
AGENT     := $(BUILD)/emulator/node/agent
AGENT_SRC := $(sort $(wildcard emulator/agent/*.c)) emulator/net/offload.c emulator/net/tcp.c \
             $(patsubst %,emulator/base/%.c,error mem file message reap)
$(AGENT): $(AGENT_SRC) $(wildcard emulator/agent/*.h emulator/base/*.h)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -Os -static -s $(WARN) -D_GNU_SOURCE -Iemulator -o $@ $(AGENT_SRC) -lm
$(BUILD)/emulator/node/embedded.o: $(AGENT)
$(BUILD)/emulator/node/embedded.o: CFLAGS += -DAGENT_FILE='"$(AGENT)"'

# The page of reports, carried inside the program.
$(BUILD)/emulator/report/page_files.o: $(wildcard emulator/report/page.html emulator/report/page.css emulator/report/page.js)

# What `wanlab new` writes, too.
$(BUILD)/emulator/cmd/new.o: $(wildcard emulator/cmd/new/*)

$(BUILD)/workloads/%.o: workloads/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) $(SQL_CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(PKG_CFLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_replicate_%.t: tests/unit/test_replicate_%.c $(REPLICATE_TESTABLE_OBJ) \
                                        $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) $(SQL_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LDFLAGS) \
		$(SQL_LIBS) $(PKG_LIBS) $(CMOCKA_LIBS)

$(BUILD)/tests/unit/test_check_%.t: tests/unit/test_check_%.c tests/lib/random_history.c \
                                    $(CHECK_LIB_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LDFLAGS) \
		$(PKG_LIBS) $(CMOCKA_LIBS)

$(BUILD)/tests/unit/test_etcd_%.t: tests/unit/test_etcd_%.c $(filter-out %/main.o,$(ETCD_OBJ)) \
                                   $(LOAD_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LDFLAGS) \
		$(CURL_LIBS) $(PKG_LIBS) $(CMOCKA_LIBS)

$(BUILD)/tests/unit/test_load_%.t: tests/unit/test_load_%.c $(LOAD_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LDFLAGS) \
		$(PKG_LIBS) $(CMOCKA_LIBS)

$(BUILD)/tests/unit/test_galera_%.t: tests/unit/test_galera_%.c $(filter-out %/main.o,$(GALERA_OBJ)) \
                                     $(LOAD_OBJ) $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) $(SQL_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LDFLAGS) \
		$(SQL_LIBS) $(PKG_LIBS) $(CMOCKA_LIBS)

$(BUILD)/tests/unit/%.t: tests/unit/%.c $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(PKG_CFLAGS) -o $@ $(filter %.c %.a,$^) $(LDFLAGS) $(PKG_LIBS) $(CMOCKA_LIBS)

# A fuzz target's seeds, once each.
$(BUILD)/tests/fuzz/%.t: tests/fuzz/%.c tests/fuzz/fuzz.c tests/fuzz/replay.c $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(PKG_CFLAGS) -o $@ $(filter %.c %.a,$^) $(LDFLAGS) $(PKG_LIBS)

$(FUZZ): $(BUILD)/%: %.c tests/fuzz/fuzz.c $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(PKG_CFLAGS) -o $@ $(filter %.c %.a,$^) $(LDFLAGS) \
		$(PKG_LIBS)

# --- tests: each target runs all of the one above it too, from no privilege to a kernel of its own

PROVE = @MODE=$(MODE) tests/lib/prove.sh

unit: $(UNIT_TESTS) ## the unit tests: no privilege, seconds
	@CMOCKA_MESSAGE_OUTPUT=TAP prove --timer --exec '' $(UNIT_TESTS)

check: unit all ## unit tests, and real labs on this kernel (root)
	$(PROVE) '' tests/integration/*.t

check-netem: all ## the netem engine, in User-Mode Linux (root)
	$(PROVE) '' tests/vm/*.t

check-user: all ## the labs that need no root once more, as an ordinary user (root)
	$(PROVE) tests/lib/as-user.sh $$(grep -L '^need_root' tests/integration/*.t)

check-all: unit all ## all of them
	$(PROVE) '' tests/integration/*.t tests/vm/*.t
	@$(MAKE) --no-print-directory check-user

soak-kill: all ## kill -9 at MOMENTS (200) random moments of a lab, by SEED (root, minutes)
	@MODE=$(MODE) MOMENTS=$${MOMENTS:-200} WANLAB_TEST_LIMIT=7200 tests/integration/moments.t

soak-events: all ## SCHEDULES (200) random schedules of faults, LENGTH (20) seconds each, JOBS (4) at a time (root, half an hour)
	@MODE=$(MODE) SCHEDULES=$${SCHEDULES:-200} LENGTH=$${LENGTH:-20} JOBS=$${JOBS:-4} WANLAB_TEST_LIMIT=14400 \
		tests/integration/schedules.t

fuzz: ## the readers of foreign bytes, FUZZ_SECONDS (300) in all, FUZZ_TARGETS of them (clang)
	@$(MAKE) --no-print-directory MODE=fuzz CC=clang fuzz-targets
	@tests/fuzz/run.sh

fuzz-targets: $(FUZZ)

$(BUILD)/tests/bench/wires: tests/bench/wires.c $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(PKG_CFLAGS) -o $@ $^ $(LDFLAGS) $(PKG_LIBS)

bench-model: $(BUILD)/tests/bench/wires ## what the delay line's model of the wires costs per packet
	@$<

$(BUILD)/tests/bench/wire: tests/bench/wire.c $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(PKG_CFLAGS) -o $@ $^ $(LDFLAGS) $(PKG_LIBS)

bench-wire: all $(BUILD)/tests/bench/wire ## the delay line against its targets and peers (root, 5 minutes)
	@MODE=$(MODE) tests/bench/wire.sh

bench-nodes: all ## what each kind of node costs and gives, beside the host (root, minutes)
	@tests/bench/nodes.sh

$(BUILD)/tests/bench/scale-raw: tests/bench/scale-raw.c
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) -std=gnu11 -O2 $(WARN) -D_GNU_SOURCE -o $@ $<

bench-scale: all $(BUILD)/tests/bench/scale-raw ## up, down and memory of 10 to 5,000 nodes, beside Mininet (root, 4 minutes)
	@MODE=$(MODE) tests/bench/scale.sh

bench-network: all ## what a packet's way between two nodes costs: loopback, wire, bridge, delay line (root, 2 minutes)
	@MODE=$(MODE) tests/bench/network.sh

bench-import: all ## a network of 754 routers imported, every node reaching every other (minutes)
	@MODE=$(MODE) tests/bench/import.sh

bench-verify: all ## how exact the wires are here, by wanlab verify (root, 2 minutes)
	@MODE=$(MODE) tests/bench/verify.sh

lint: ## layers, format, function and file sizes, clang-tidy
	@tests/lint.sh $(SOURCES)

format: ## rewrite all C files in the one format
	$(Q)clang-format -i $(SOURCES)

demo: all ## the main job on five regions
	$(WANLAB) run topologies/five-regions.yaml

$(BUILD)/tests/bench/replicate-local: tests/bench/replicate-local.c $(REPLICATE_TESTABLE_OBJ) \
                                      $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) $(SQL_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(LDFLAGS) \
		$(SQL_LIBS) $(PKG_LIBS)

bench-replicate: all $(BUILD)/tests/bench/replicate-local ## the replicated database against its targets and a peer (root, 8 minutes)
	@MODE=$(MODE) tests/bench/replicate.sh

$(BUILD)/tests/bench/history: tests/bench/history.c tests/lib/random_history.c $(BUILD)/libwanlab.a
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) -Iworkloads $(PKG_CFLAGS) -o $@ $^ $(LDFLAGS) $(PKG_LIBS)

bench-check: all $(BUILD)/tests/bench/history ## how long the checker of histories takes (a minute)
	@MODE=$(MODE) tests/bench/check.sh

bench-sweep: all ## what a sweep takes beside its main loops (root, 6 minutes)
	@MODE=$(MODE) tests/bench/sweep.sh

bench-idle: all ## what polling processors do for the wires of an idle machine (root, 2 minutes)
	@MODE=$(MODE) tests/bench/idle.sh

bench-cost: all ## processor, memory, disk and system calls of nodes beside the host itself (root, 6 minutes)
	@MODE=$(MODE) tests/bench/cost.sh

MAN        := $(BUILD)/share/man/man1
COMPLETION := $(BUILD)/share/bash-completion/completions

man: $(WANLAB) ## man pages, from the table of commands
	@mkdir -p $(MAN)
	$(Q)$(WANLAB) help --man >$(MAN)/wanlab.1
	$(Q)for c in $$($(WANLAB) help --complete -- ''); do \
		$(WANLAB) help --man $$c >$(MAN)/wanlab-$$c.1; done

completion: $(WANLAB) ## completion for bash
	@mkdir -p $(COMPLETION)
	$(Q)$(WANLAB) help --bash >$(COMPLETION)/wanlab

install: all man completion ## to DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/wanlab/topologies/latency \
		$(DESTDIR)$(PREFIX)/share/wanlab/topologies/zoo
	install $(WANLAB) $(DESTDIR)$(PREFIX)/bin/
	for f in $(STAGED:$(WORKLOADS)/%=%); do \
		install -D $(WORKLOADS)/$$f $(DESTDIR)$(PREFIX)/share/wanlab/workloads/$$f; done
	install -m 644 topologies/*.yaml $(DESTDIR)$(PREFIX)/share/wanlab/topologies/
	for f in topologies/paper-*/published.csv; do install -m 644 -D $$f $(DESTDIR)$(PREFIX)/share/wanlab/$$f; done
	install -m 644 topologies/zoo/* $(DESTDIR)$(PREFIX)/share/wanlab/topologies/zoo/
	install -m 644 topologies/latency/*.csv $(DESTDIR)$(PREFIX)/share/wanlab/topologies/latency/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 $(MAN)/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(COMPLETION)/wanlab $(DESTDIR)$(PREFIX)/share/bash-completion/completions/

clean: ## remove what was built
	rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all unit check check-netem check-user check-all soak-kill soak-events fuzz fuzz-targets bench-model bench-wire bench-nodes bench-scale bench-network bench-import bench-verify bench-idle bench-cost lint format man completion \
        demo bench-replicate bench-check bench-sweep install clean help
.DELETE_ON_ERROR:
