# make help lists what there is.

# Set on a release's commit only; other builds name their commit themselves.
VERSION := $(shell git describe --tags --exact-match 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X relink/app.version=$(patsubst v%,%,$(VERSION)))
# A checkout that belongs to somebody else is built without its commit.
VCS := $(if $(shell git status --porcelain >/dev/null 2>&1 && echo ok),,-buildvcs=false)
FLAGS := $(VCS) -trimpath -ldflags "$(LDFLAGS)"

.PHONY: help build full lean sandbox windows cross macos-bundle run test demo screenshots shots bench matrix readme fuzz lint fresh vuln clean setup

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## install what building and testing need (apt-get; elsewhere it says what)
	@.ci/setup

build: full lean sandbox ## bin/relink (with the window), bin/relink-lean (without), bin/relink-sandbox (to practise on)

full:
	@.ci/setup build
	CGO_ENABLED=1 go build $(FLAGS) -tags migrated_fynedo -o bin/relink .

lean:
	CGO_ENABLED=0 go build $(FLAGS) -tags lean -o bin/relink-lean .

windows: ## bin/relink-lean.exe
	GOOS=windows CGO_ENABLED=0 go build $(FLAGS) -tags lean -o bin/relink-lean.exe .

cross: ## bin/relink.exe, the whole Windows program, by mingw-w64 on Linux
	@.ci/setup cross
	GOOS=windows GOARCH=amd64 CGO_ENABLED=1 CC=x86_64-w64-mingw32-gcc go build $(FLAGS) -tags migrated_fynedo -o bin/relink.exe .

macos-bundle: ## bin/Relink.app, on a Mac: notifications with buttons, relink:// links
	@.ci/macos-bundle

sandbox:
	CGO_ENABLED=0 go build $(FLAGS) -o bin/relink-sandbox ./platform/sandbox/cmd

run: full sandbox ## build and start the real thing
	bin/relink

test: setup ## everything that is checked, a summary at the end
	@.ci/test

demo: setup full sandbox ## Relink at work on practice accounts, in a throw-away home
	CGO_ENABLED=0 go run ./app/demo

screenshots: setup full sandbox ## the README's pictures, anew
	CGO_ENABLED=0 go build $(FLAGS) -o bin/relink-seed ./app/bench/seed
	CGO_ENABLED=0 go run ./app/demo -pictures .github

shots: setup full lean ## every screen as a picture, in shots/ (RELINK_SHOTS_LANG=de for another language)
	RELINK_SHOTS=$(CURDIR)/shots RELINK_SHOTS_LANG=$${RELINK_SHOTS_LANG:-en} CGO_ENABLED=0 go test -count=1 -tags migrated_fynedo -run TestShots ./app/window
	RELINK_SHOTS=$(CURDIR)/shots RELINK_BIN=$(CURDIR)/bin/relink RELINK_LEAN_BIN=$(CURDIR)/bin/relink-lean CGO_ENABLED=0 \
		go test -count=1 -tags lean,migrated_fynedo -run TestWhole ./app

bench: setup full lean ## what it costs, beside a bare Fyne tray and an empty program
	CGO_ENABLED=0 go run ./app/bench $(BENCH)

matrix: ## every platform's life against the practice network, as a table
	@RELINK_MATRIX=1 CGO_ENABLED=0 go test -count=1 -v -run TestLife ./platform/life | grep -vE '^ *(=== |--- PASS)'

readme: ## the README's table of platforms, anew
	@RELINK_UPDATE=1 CGO_ENABLED=0 go test -count=1 -run TestREADME ./platform/life

fuzz: ## every fuzz target for a minute each (FUZZTIME=60s)
	@for file in $$(grep -rl '^func Fuzz' --include='*_test.go' .); do \
		for target in $$(grep -ho '^func Fuzz[A-Za-z]*' $$file | cut -d' ' -f2); do \
			echo "== $$target in $$(dirname $$file)"; \
			CGO_ENABLED=0 go test -tags lean,migrated_fynedo -run '^$$' -fuzz "^$$target\$$" -fuzztime $${FUZZTIME:-60s} ./$$(dirname $$file) || exit 1; \
		done; \
	done

lint: ## gofmt, go vet, golangci-lint
	@files=$$(gofmt -l .); test -z "$$files" || { echo "run gofmt -w on:"; echo "$$files"; exit 1; }
	CGO_ENABLED=0 go vet -tags lean,migrated_fynedo ./... app.relink/quick
	@.ci/setup build
	.ci/lint

fresh: ## make demo and make test in a new Debian that has nothing else than Go, git and make (wants root)
	.ci/fresh

vuln: ## govulncheck: known vulnerabilities in what is called
	@.ci/setup build
	.ci/vuln

clean: ## remove what was built
	rm -rf bin demo-shots shots
