# The names people and CI use. What they do is in xtask and in cargo; without make, run those.

CARGO ?= cargo
T ?=
STOCK ?=

.PHONY: demo test chaos packages fmt lint check doc gen deny fuzz bench verification-report ci

# A stream through three orchestrators, one of which dies half-way.
demo: packages
	@echo "Building the task runner; the rest follows, with the time it took."
	@$(CARGO) xtask demo

# What CI runs. Plain cargo: nothing that must be compiled first.
test: packages
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) test --workspace
	$(CARGO) xtask check
	$(CARGO) xtask solc --check
	$(CARGO) xtask forge

# Kills a paying gateway 200 times at random points; `make test` does so 20 times.
chaos: packages
	WAYMARK_CHAOS_ROUNDS=200 $(CARGO) test -p waymark --test it -- paid::chaos

# Debian packages, the node of the local chain and what tests the contracts, if missing; nothing when nothing is.
packages:
	@./xtask/system-packages.sh
	@./xtask/foundry.sh

fmt:
	$(CARGO) fmt --all

lint: packages
	$(CARGO) clippy --workspace --all-targets -- -D warnings

check:
	$(CARGO) xtask check

doc: packages
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

# Writes again the documents and snapshots that are made from the code; look at the difference.
gen: packages
	$(CARGO) xtask gen

# Needs cargo-deny: cargo install --locked cargo-deny
deny:
	$(CARGO) deny --workspace check

# make fuzz T=tag; needs a nightly toolchain and cargo-fuzz.
fuzz:
	$(CARGO) xtask fuzz $(T)

# The parts, then the whole under load; STOCK=path/to/livepeer compares with a stock gateway.
bench: packages
	$(CARGO) bench --workspace --bench '*'
	$(CARGO) xtask bench $(if $(STOCK),--stock $(STOCK))

# What is caught and what is wrongly doubted, measured again: writes docs/verification.md and its picture. Takes minutes.
verification-report: packages
	$(CARGO) xtask verification-report

# Everything, what does not fit into `test` included.
ci: test doc deny
	$(CARGO) xtask crates
	$(MAKE) demo
