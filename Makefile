# tern: everything is built into bin/; objects and generated headers go to build/.
PREFIX = /usr/local
DESTDIR =
CC = $(shell head -n 1 conf-cc)
LD = $(shell head -n 1 conf-ld)
# sections, that the linker may leave out what a program does not use (conf-ld): its pages are memory of each machine
CFLAGS_ALL = $(CC) -std=c11 -D_GNU_SOURCE -I. -Ibuild -fPIE -MMD -MP \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wvla $(CFLAGS)
SKARNET = -l:libskarnet.a
comma = ,

ROOMS = smtpd queue send local remote alias tools
PROGRAMS = tern-smtpd tern-queue tern-showq tern-send tern-local tern-remote tern-alias newaliases \
	sendmail mailq tern-setup tern-queuectl tern-trace tern-explain
# sendmail -bs is tern-smtpd's dialogue
also_sendmail = build/smtpd.a
# what asks the code that delivers how it would
also_tern-explain = build/local.a build/remote.a
# These are static: they live in a chroot or start often. They never use NSS.
STATIC = tern-smtpd tern-remote sendmail

sources = $(wildcard $(1)/*.c)
mains = $(foreach p,$(PROGRAMS),$(wildcard $(1)/$(p).c))
modules = $(filter-out $(call mains,$(1)),$(call sources,$(1)))
object = $(patsubst %.c,build/%.o,$(1))

BINARIES = $(addprefix bin/,$(PROGRAMS))
ARCHIVES = $(foreach r,$(ROOMS),build/$(r).a)
# t/ROOM_MODULE.c is a test of that module; a name without _ is a tool of the whole-system tests
TESTS = $(patsubst t/%.c,build/t/%,$(wildcard t/*_*.c))
TOOLS = $(filter-out $(TESTS),$(patsubst t/%.c,build/t/%,$(wildcard t/*.c)))

all: $(BINARIES)

# ---- programs: main and its own room, then the rooms whose libraries it may use, then what they share
define program
bin/$(notdir $(basename $(1))): $$(call object,$(1)) build/$(patsubst %/,%,$(dir $(1))).a $(also_$(notdir $(basename $(1)))) \
		build/queue.a build/alias.a build/lib.a conf-ld
	@mkdir -p bin
	$$(LD) $$(if $$(filter $$(@F),$$(STATIC)),-static-pie,-pie) $$(LDFLAGS) -o $$@ $$< build/$(patsubst %/,%,$(dir $(1))).a \
		$(also_$(notdir $(basename $(1)))) build/queue.a build/alias.a build/lib.a $$(SKARNET)
endef
$(foreach r,$(ROOMS),$(foreach m,$(call mains,$(r)),$(eval $(call program,$(m)))))

define archive
build/$(1).a: $$(call object,$$(call modules,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach r,lib $(ROOMS),$(eval $(call archive,$(r))))

build/%.o: %.c build/conf.h conf-cc
	@mkdir -p $(@D)
	$(CFLAGS_ALL) -c -o $@ $<

build/conf.h: conf-home conf-users
	@mkdir -p $(@D)
	@home=$$(head -n 1 conf-home); set -- $$(head -n 1 conf-users); \
	case $$home in /?*) ;; *) echo "conf-home: the first line must be an absolute path" >&2; exit 1;; esac; \
	[ $$# = 8 ] || { echo "conf-users: the first line must name 8 users" >&2; exit 1; }; \
	{ echo '/* made from conf-home and conf-users */'; printf '#define CONF_HOME "%s"\n' "$$home"; \
	  printf '#define CONF_USERS '; printf '"%s", ' "$$@"; echo; } > $@.new
	@mv $@.new $@

# ---- tests
unit: $(TESTS)
# compiled, not linked: what a second compiler is asked for
test-objects: $(addsuffix .o,$(TESTS) $(TOOLS))
test-tools: $(TOOLS) build/t/proofkill build/t/proofcut

build/t/proofkill: build/t/crash/killer.o conf-ld
	$(LD) -pie $(LDFLAGS) -o $@ $<

build/t/proofcut: $(patsubst %,build/t/crash/%.o,cut disk recording judge) build/queue.a build/lib.a conf-ld
	$(LD) -pie $(LDFLAGS) $(addprefix -Wl$(comma)--wrap=,open unlink rename fsync fdatasync ftruncate pwrite pwritev) -o $@ \
		$(filter %.o,$^) build/queue.a build/lib.a $(SKARNET)

$(TOOLS): build/t/%: build/t/%.o build/lib.a conf-ld
	$(LD) -pie $(LDFLAGS) -o $@ $< build/lib.a $(SKARNET)

$(TESTS): build/t/%: build/t/%.o $(ARCHIVES) build/lib.a conf-ld
	$(LD) -pie $(LDFLAGS) -o $@ $< $(ARCHIVES) $(ARCHIVES) build/lib.a $(SKARNET) -lcmocka

check:
	sh t/check

# ---- installation
install: all
	sh tools/install "$(DESTDIR)" "$(PREFIX)" $(PROGRAMS)

clean:
	rm -rf build bin

-include $(wildcard build/*/*.d build/t/crash/*.d)

.PHONY: all unit test-objects test-tools check install clean
.SECONDARY:
