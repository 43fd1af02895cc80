# PdP: build, test, demo. `make help` lists the targets.
#
#   sudo make demo     the paper's Figure 6 on this machine, in under a minute
#   sudo make check    all tests
#
# Sources are found, not listed. A file pdp*.c in loader/, fe-agent/ or ctl/ is a program's main();
# the other files of its folder make the folder's archive, which programs link by the layers:
# bpf/ headers <- loader <- ctl, and fe-agent on the wire header alone.

CC := gcc
CLANG ?= clang
BPFTOOL ?= PATH=$$PATH:/usr/sbin:/usr/local/sbin bpftool
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

V ?= 0
DEBUG ?= 0
Q := $(if $(filter 1,$(V)),,@)
# Without a process: there are a thousand of them.
say = $(if $(filter 1,$(V)),,$(info $()  $(1)	$(2)))

B := build
O := $(B)/$(if $(filter 1,$(DEBUG)),debug,obj)
SAN := $(B)/debug

WARN := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wno-missing-field-initializers
CPPFLAGS += -I. -I$(B) -D_GNU_SOURCE -DPDP_VERSION='"$(VERSION)"'
STD := -std=gnu11
RELEASE := -O2 -g
SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
MODE := $(if $(filter 1,$(DEBUG)),$(SANITIZE),$(RELEASE))

PKGS_loader := libbpf libxdp libelf zlib
PKGS_fe-agent := libxdp libbpf libmnl liburcu-qsbr
PKGS_ctl := lxc libpcap libmnl libevent jansson libcyaml yaml-0.1 smartcols libcurl libseccomp sqlite3

# Asked late, for `deps` has yet to install what answers, and once.
once = $(if $(filter undefined,$(origin $(1))),$(eval $(1) := $$(shell $(2))))$($(1))
libs = $(call once,libs_$(subst $() ,_,$(strip $(1))),pkg-config --libs $(1))

# --- BPF objects and their skeletons -----------------------------------------------------------

MULTIARCH = $(call once,multiarch,$(CC) -print-multiarch)
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -I. -I/usr/include/$(MULTIARCH) -DPDP_VERSION='"$(VERSION)"' \
	-Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-declarations

# The data path: the MD's programs and the data planes' fast halves.
PATH_BPF := $(wildcard bpf/*.bpf.c) $(wildcard fe-agent/*.bpf.c)
BPF_SRC := $(PATH_BPF) $(wildcard examples/xdp/*.bpf.c)
# Another version (see SAME) is for users alone.
ifndef SAME
BPF_SRC += $(wildcard selftests/bench/*.bpf.c selftests/net/*.bpf.c selftests/owner/*.bpf.c)
endif
BPF_OBJ := $(BPF_SRC:%.bpf.c=$(B)/%.bpf.o)
SKEL := $(BPF_SRC:%.bpf.c=$(B)/%.skel.h)

# --- where to: a folder for each of the sources', below each tree ---------------------------------

TREES := $(B) $(sort $(B)/obj $(O) $(SAN)) $(B)/fuzz $(B)/load/clang-14 $(B)/load/clang-19
dirs = $(patsubst %,$(1)/%,$(sort $(dir $(wildcard */*.c */*/*.c))))
$(foreach t,$(TREES),$(call dirs,$(t))) $(sort $(B)/bin/ $(B)/debug/bin/):
	$(Q)mkdir -p $@

# --- archives and programs -----------------------------------------------------------------------

main_src = $(wildcard $(1)/pdp*.c)
lib_src = $(filter-out $(call main_src,$(1)) %.bpf.c,$(wildcard $(1)/*.c))
DIRS := loader fe-agent ctl
MAINS := $(foreach d,$(DIRS),$(call main_src,$(d)))
BINDIR := $(if $(filter 1,$(DEBUG)),$(B)/debug/bin,$(B)/bin)
PROGS := $(patsubst %.c,$(BINDIR)/%,$(notdir $(MAINS)))
BENCH_SRC := $(filter-out %.bpf.c,$(wildcard selftests/bench/*.c))
BENCH_PROGS := $(BENCH_SRC:%.c=$(B)/%)
NETHELP_SRC := $(filter-out %.bpf.c,$(wildcard selftests/net/*.c))
NETHELP := $(NETHELP_SRC:%.c=$(B)/%)

archive = $(1)/$(2).a
ALL_ARCHIVES = $(foreach d,ctl loader fe-agent,$(call archive,$(1),$(d)))
ALL_LIBS = $(call libs,$(PKGS_ctl) $(PKGS_loader) $(PKGS_fe-agent)) -lpthread -lm

# The samples of an owner's own data plane.
SAMPLES := $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard examples/xdp/*.bpf.c)) \
	$(patsubst %.c,$(B)/%,$(wildcard examples/xdp/*_agent.c))

.PHONY: all
all: $(PROGS) $(SAMPLES)

# The three kinds of program, by the layers they may stand on.
LOADER_PROGS := $(patsubst loader/%.c,$(BINDIR)/%,$(call main_src,loader))
AGENT_PROGS := $(patsubst fe-agent/%.c,$(BINDIR)/%,$(call main_src,fe-agent))
CTL_PROGS := $(patsubst ctl/%.c,$(BINDIR)/%,$(call main_src,ctl))

$(LOADER_PROGS): $(BINDIR)/%: $(O)/loader/%.o $(O)/loader.a
$(AGENT_PROGS): $(BINDIR)/%: $(O)/fe-agent/%.o $(O)/fe-agent.a
$(CTL_PROGS): $(BINDIR)/%: $(O)/ctl/%.o $(O)/ctl.a $(O)/loader.a
$(LOADER_PROGS): LIBS = $(call libs,$(PKGS_loader))
$(AGENT_PROGS): LIBS = $(call libs,$(PKGS_fe-agent)) -lpthread
$(CTL_PROGS): LIBS = $(call libs,$(PKGS_ctl) $(PKGS_loader)) -lpthread -lm
$(PROGS): | $(BINDIR)/
	$(call say,LINK,$@)
	$(Q)$(CC) $(MODE) $(LDFLAGS) -Wl,--as-needed -o $@ $^ $(LIBS)

define archive_rule
$(1)/$(2).a: $$(patsubst %.c,$(1)/%.o,$$(call lib_src,$(2)))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach o,$(sort $(O) $(SAN)),$(foreach d,$(DIRS),$(eval $(call archive_rule,$(o),$(d)))))

define object_rule
$(1)/%.o: %.c | $(SKEL) $(B)/.deps $(call dirs,$(1))
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $$(CPPFLAGS) $(STD) $(2) $(WARN) $$(CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call object_rule,$(B)/obj,$(RELEASE)))
$(eval $(call object_rule,$(B)/debug,$(SANITIZE)))

# Another version's objects differ where the version is, or BPF programs that have it: the rest is SAME's.
ifdef SAME
DIFFER := $(shell grep -lE '\bPDP_VERSION\b|\.skel\.h"' $(wildcard $(DIRS:%=%/*.c)))
$(patsubst %.c,$(O)/%.o,$(filter-out $(DIFFER) %.bpf.c,$(wildcard $(DIRS:%=%/*.c)))): $(O)/%.o: $(SAME)/%.o | $(call dirs,$(O))
	$(Q)cp -p $< $@
endif

# Intermediate files are kept: they are what one looks into.
.SECONDARY:

# A change of compiler makes the objects anew, and one of version too.
.PHONY: FORCE
$(B)/.clang: FORCE
	$(Q)mkdir -p $(@D) && echo '$(CLANG) $(VERSION)' | cmp -s - $@ || echo '$(CLANG) $(VERSION)' >$@

$(B)/%.bpf.o: %.bpf.c $(B)/.clang | $(B)/.deps $(call dirs,$(B))
	$(call say,BPF,$@)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
	$(Q)$(subst clang,llvm-strip,$(notdir $(CLANG))) -g $@

$(B)/%.skel.h: $(B)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$(notdir $*))_bpf > $@.tmp && mv $@.tmp $@

# The data path again, from the oldest and the newest compiler that must do: for test_load. One that
# is not installed makes no object, and the test says so.
define load_rule
$(B)/load/$(1)/%.bpf.o: %.bpf.c | $(B)/.deps-all $(call dirs,$(B)/load/$(1))
	$$(call say,BPF,$$@)
	$$(Q)! command -v $(1) >/dev/null || $(1) $$(BPF_CFLAGS) -MMD -MP -c -o $$@ $$<
$(B)/selftests/prog/test_load: | $(PATH_BPF:%.bpf.c=$(B)/load/$(1)/%.bpf.o)
endef
$(foreach c,clang-14 clang-19,$(eval $(call load_rule,$(c))))

# An owner's agent: libc and a header.
$(B)/examples/xdp/%_agent: $(B)/obj/examples/xdp/%_agent.o | $(B)/examples/xdp/
	$(call say,LINK,$@)
	$(Q)$(CC) $(RELEASE) $(LDFLAGS) -o $@ $^

# --- tests: found by name, one TAP stream through prove ------------------------------------------

UNIT := $(patsubst %.c,$(B)/%,$(wildcard selftests/unit/test_*.c))
PROG := $(patsubst %.c,$(B)/%,$(wildcard selftests/prog/test_*.c))
NET := $(wildcard selftests/net/test_*.sh)
PROG_LIB := $(patsubst %.c,$(B)/obj/%.o,$(filter-out selftests/prog/test_%.c,$(wildcard selftests/prog/*.c)))
LEVELS ?= unit prog fuzz net
T ?=

# What they include (cmocka.h) is not there before it is installed.
$(foreach o,$(B)/obj $(SAN),$(patsubst %.c,$(o)/%.o,$(wildcard selftests/*/*.c))): | $(B)/.deps-all

# For what is linked seventy times over: it takes a third of the time, where it is installed.
QUICK_LD = $(if $(call once,gold,command -v ld.gold),-fuse-ld=gold)

# Unit tests run under ASan and UBSan always; the others exercise what is shipped.
$(SAN)/selftests/unit/%.o: CFLAGS += -O0
$(UNIT): $(B)/selftests/unit/%: $(SAN)/selftests/unit/%.o $(call ALL_ARCHIVES,$(SAN)) | $(call dirs,$(B))
	$(call say,LINK,$@)
	$(Q)$(CC) $(SANITIZE) $(QUICK_LD) -Wl,--as-needed -o $@ $^ $(ALL_LIBS) -lcmocka
$(PROG): $(B)/selftests/prog/%: $(B)/obj/selftests/prog/%.o $(PROG_LIB) $(B)/obj/ctl.a \
		$(B)/obj/loader.a $(B)/obj/fe-agent.a | $(call dirs,$(B))
	$(call say,LINK,$@)
	$(Q)$(CC) $(RELEASE) -Wl,--as-needed -o $@ $^ $(call libs,$(PKGS_loader) $(PKGS_fe-agent)) \
		-lpthread -lcmocka
$(BENCH_PROGS) $(NETHELP): $(B)/selftests/%: $(B)/obj/selftests/%.o $(call ALL_ARCHIVES,$(B)/obj) \
		| $(call dirs,$(B))
	$(call say,LINK,$@)
	$(Q)$(CC) $(RELEASE) -Wl,--as-needed -o $@ -Wl,--start-group $^ -Wl,--end-group $(ALL_LIBS)

# They measure programs on the node and the tables of their tests.
$(B)/selftests/bench/mdcost $(B)/selftests/bench/fastcost: $(PROG_LIB)

# libFuzzer is clang's, so what it fuzzes is compiled once more, with coverage and sanitizers. These sources are
# listed, for they are a quarter of all: one that a target comes to need is missed by the linker.
FUZZED := $(wildcard $(addsuffix .c,$(addprefix ctl/,agentconf alloc alloc_books alloc_refuse alloc_rooms edit* \
	failpoint flowkey fraction mirror_* model names nodefile nodefile_* placement power prefix rtbuild rtkey rtparse \
	slots store* suggest words yaml*) $(addprefix fe-agent/,burst encap fib fib_* group4 lpm* memory neighbour nexthop pool \
	port prefix_set router router_memory router_packet table_mem tag vifs) loader/error))
FUZZ_CC ?= clang
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=alignment \
	-fno-sanitize-recover=undefined
FUZZ := $(patsubst %.c,$(B)/%,$(wildcard selftests/fuzz/fuzz_*.c))
$(B)/fuzz/%.o: %.c | $(SKEL) $(B)/.deps-all $(call dirs,$(B)/fuzz)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) $(CPPFLAGS) $(STD) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(WARN) \
		-Wno-format-security -Wno-gnu-variable-sized-type-not-at-end $(CFLAGS) \
		-MMD -MP -c -o $@ $<
$(B)/fuzz/fuzzed.a: $(FUZZED:%.c=$(B)/fuzz/%.o) Makefile
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)
$(FUZZ): $(B)/selftests/fuzz/%: $(B)/fuzz/selftests/fuzz/%.o $(B)/fuzz/fuzzed.a | $(call dirs,$(B))
	$(call say,LINK,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -Wl,--as-needed -o $@ \
		-Wl,--start-group $^ -Wl,--end-group $(ALL_LIBS) -lcmocka
# It runs the programs of their tests.
$(B)/selftests/fuzz/fuzz_halves: $(patsubst %,$(B)/fuzz/selftests/prog/%.o,halves random_router packet)

.PHONY: check
check: $(B)/.deps-all tests
	$(Q)selftests/run.sh $(LEVELS)

.PHONY: tests
tests: $(B)/.deps-all all other $(UNIT) $(PROG) $(FUZZ) $(NETHELP) $(BENCH_PROGS)

# The same once more under another version: what a node is upgraded to, and back from.
.PHONY: other
other: all
	$(Q)$(MAKE) --no-print-directory B=$(B)/other SAME=$(O) VERSION=$(VERSION)-other all

# What must be installed: looked at once, and again when the list changes.
.PHONY: deps
deps: $(B)/.deps-all
$(B)/.deps: selftests/deps.sh
	$(Q)selftests/deps.sh build
	$(Q)mkdir -p $(@D) && touch $@
# One after the other: apt-get holds a lock.
$(B)/.deps-all: selftests/deps.sh | $(B)/.deps
	$(Q)selftests/deps.sh
	$(Q)touch $@

# --- what a user runs ---------------------------------------------------------------------------

.PHONY: demo
demo: $(B)/.deps-all all $(BENCH_PROGS)
	$(Q)selftests/demo.sh

.PHONY: demo-abilene
demo-abilene: $(B)/.deps-all all
	$(Q)selftests/demo-abilene.sh

# On from where it was left, for FUZZ_SECONDS each; a find lies in $(B)/fuzz.
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(B)/.deps-all $(FUZZ)
	$(Q)SECONDS_EACH=$(FUZZ_SECONDS) selftests/fuzz/test_fuzz.sh

.PHONY: bench-smoke
bench-smoke: $(B)/.deps-all all $(BENCH_PROGS)
	$(Q)selftests/bench/smoke.sh

.PHONY: bench-scale
bench-scale: $(B)/.deps-all all $(BENCH_PROGS)
	$(Q)selftests/bench/scale.sh

# The paper's evaluation: BENCH=fig7,alloc chooses experiments, REPEATS=5.
.PHONY: bench
bench: $(B)/.deps-all all $(BENCH_PROGS)
	$(Q)selftests/deps.sh bench
	$(Q)BENCH_ONLY='$(BENCH)' selftests/bench/bench.sh

# Into docs/allocation, or into DIR.
.PHONY: bench-alloc
bench-alloc: all
	$(Q)selftests/bench/alloc.sh $(DIR)

SBIN := pdpd pdp-ctl pdp-loader
BIN := pdp-tun
LIBEXEC := pdp-fe-agent pdp-fe-init pdp-mh-init pdp-delay
UNITDIR ?= $(PREFIX)/lib/systemd/system

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/pdp
	install -d $(DESTDIR)$(PREFIX)/share/pdp/examples $(DESTDIR)$(PREFIX)/share/pdp/schema $(DESTDIR)/etc/pdp
	install -d -m 700 $(DESTDIR)/var/lib/pdp
	install -m 755 $(SBIN:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(BIN:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(LIBEXEC:%=$(B)/bin/%) $(DESTDIR)$(PREFIX)/libexec/pdp
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(B)/bin/pdp-ctl completion bash \
		>$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pdp-ctl
	install -m 644 examples/*.yaml $(DESTDIR)$(PREFIX)/share/pdp/examples
	cp -r examples/frr examples/bird examples/xdp $(DESTDIR)$(PREFIX)/share/pdp/examples
	install -d $(DESTDIR)$(PREFIX)/include/pdp/bpf
	install -m 644 bpf/wire.h bpf/vif.h $(DESTDIR)$(PREFIX)/include/pdp/bpf
	install -d $(DESTDIR)$(PREFIX)/include/pdp/fe-agent
	install -m 644 fe-agent/own_maps.h $(DESTDIR)$(PREFIX)/include/pdp/fe-agent
	chmod -R u=rwX,go=rX $(DESTDIR)$(PREFIX)/share/pdp/examples
	install -m 644 docs/schema/*.json $(DESTDIR)$(PREFIX)/share/pdp/schema
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|@PREFIX@|$(PREFIX)|g' docs/systemd/pdpd.service.in >$(DESTDIR)$(UNITDIR)/pdpd.service
	for page in docs/man/*.[1-8]; do \
		section=$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}; \
		install -d $$section && install -m 644 $$page $$section || exit 1; \
	done

.PHONY: uninstall
uninstall:
	rm -f $(SBIN:%=$(DESTDIR)$(PREFIX)/sbin/%) $(BIN:%=$(DESTDIR)$(PREFIX)/bin/%)
	rm -rf $(DESTDIR)$(PREFIX)/libexec/pdp $(DESTDIR)$(PREFIX)/share/pdp $(DESTDIR)$(PREFIX)/include/pdp
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pdp-ctl $(DESTDIR)$(UNITDIR)/pdpd.service
	for page in docs/man/*.[1-8]; do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done

# What the command table knows of pdp-ctl(8): from COMMANDS up to OUTPUT. test_cmd compares.
PAGE := docs/man/pdp-ctl.8
.PHONY: man
man: all
	$(Q){ sed '/^\.SH COMMANDS/,$$d' $(PAGE) && $(B)/bin/pdp-ctl completion man && \
		sed -n '/^\.SH OUTPUT/,$$p' $(PAGE); } >$(B)/pdp-ctl.8 && cp $(B)/pdp-ctl.8 $(PAGE)

# --- style ---------------------------------------------------------------------------------------

C_FILES := $(wildcard $(foreach d,bpf loader fe-agent ctl selftests/unit selftests/prog \
	selftests/net selftests/bench selftests/fuzz selftests/owner examples/xdp,$(d)/*.c $(d)/*.h))
C_TIDY := $(filter-out %.bpf.c,$(filter %.c,$(C_FILES)))
SH_FILES := $(wildcard selftests/*.sh selftests/*/*.sh) .ci/run

.PHONY: format
format: $(B)/.deps-all
	$(Q)clang-format -i $(C_FILES)

.PHONY: lint lint-format lint-cppcheck lint-tidy lint-shell lint-docs
lint: lint-format lint-cppcheck lint-tidy lint-shell lint-docs

lint-format: $(B)/.deps-all
	$(call say,FORMAT,$(words $(C_FILES)) files)
	$(Q)clang-format --dry-run -Werror $(C_FILES)

lint-cppcheck: $(B)/.deps-all $(SKEL)
	$(call say,CPPCHECK,$(words $(C_TIDY)) files)
	$(Q)cppcheck -q -j2 --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppressions-list=selftests/cppcheck.txt \
		--library=selftests/cppcheck.cfg -I. -I$(B) $(C_TIDY)

# Skeletons are the generator's, so system headers. But libbpf.h is to be read as ours: what the analyzer
# hands to a function of a system header it holds to be kept by nobody, and so leaked.
TIDY_FLAGS = $(CPPFLAGS:-I$(B)=-isystem $(B)) --no-system-header-prefix=bpf/libbpf.h $(STD)

# A file that is clean is looked at again when its object is made again, which knows what it includes.
define tidy
$(call say,TIDY,$(@:$(B)/tidy/%=%))
$(Q)mkdir -p $(@D)
$(Q)clang-tidy --quiet --config-file=.clang-tidy --extra-arg=-Wno-unknown-warning-option $(@:$(B)/tidy/%=%) -- \
	$(1) 2>$@.log || { cat $@.log >&2; exit 1; }
$(Q)touch $@
endef
TIDIED := $(addprefix $(B)/tidy/,$(filter %.c,$(C_FILES)))
$(TIDIED): .clang-tidy | $(B)/.deps-all $(SKEL)
$(B)/tidy/%.bpf.c: $(B)/%.bpf.o
	$(call tidy,$(BPF_CFLAGS))
$(B)/tidy/selftests/unit/%.c: $(SAN)/selftests/unit/%.o
	$(call tidy,$(TIDY_FLAGS))
$(B)/tidy/selftests/fuzz/%.c: $(B)/fuzz/selftests/fuzz/%.o
	$(call tidy,$(TIDY_FLAGS))
$(B)/tidy/%.c: $(B)/obj/%.o
	$(call tidy,$(TIDY_FLAGS))
lint-tidy: $(TIDIED)

SHELLED := $(addprefix $(B)/shell/,$(SH_FILES))
$(SHELLED): $(B)/shell/%: % .shellcheckrc $(filter-out selftests/net/test_%,$(SH_FILES)) | $(B)/.deps-all
	$(call say,SHELL,$<)
	$(Q)shellcheck -x $<
	$(Q)mkdir -p $(@D) && touch $@
lint-shell: $(SHELLED)

lint-docs: $(B)/.deps-all all
	$(call say,DOCS,README.md docs)
	$(Q)selftests/docs.sh

.PHONY: clean
clean:
	$(Q)rm -rf $(B)

.PHONY: help
help:
	@echo 'targets'
	@echo '  all (default)   programs into $(B)/bin'
	@echo '  demo            the paper'"'"'s Figure 6 on this machine (root)'
	@echo '  demo-abilene    eleven nodes, OSPF, and a link that is cut (root)'
	@echo '  check           all tests (root); LEVELS="unit prog fuzz net" selects levels, T=word tests'
	@echo '  fuzz            parsers against random input, FUZZ_SECONDS=60 each'
	@echo '  bench           the paper'"'"'s experiments, to build/bench/report.html; BENCH=fig7,alloc (root)'
	@echo '  bench-smoke     throughput ratios of the whole path, to build/bench-smoke.json (root)'
	@echo '  bench-scale     what 1,000 vnets, and 50 guests, cost the controller (root)'
	@echo '  bench-alloc     the plots of docs/allocation.md, from fixed seeds'
	@echo '  install         into DESTDIR$(PREFIX); uninstall takes it away again'
	@echo '  man             put the command table into pdp-ctl(8)'
	@echo '  deps            install packages through apt-get (root); demo and check do it themselves'
	@echo '  lint            clang-format, cppcheck, clang-tidy, shellcheck, docs; with -j2, ten minutes'
	@echo '                  at first, then only what has changed; format changes the files'
	@echo '  clean'
	@echo 'variables'
	@echo '  V=1             show commands      DEBUG=1  ASan and UBSan, no optimisation'
	@echo '  CLANG=clang-19  BPF compiler       CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR as usual'

-include $(shell find $(B) -name '*.d' 2>/dev/null)
