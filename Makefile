# Every gate and every way to run this project. CI runs nothing that is not a target here.
#
# GNU make itself always ends with 2 when a recipe fails; the code that a target promises is in its last line ("Error 3").
.DEFAULT_GOAL := help
MAKEFLAGS     += --no-print-directory
SHELL         := /bin/sh

VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO_BUILD  := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)'
DATA_DIR  ?= .data
EDGE_ADDR ?= 127.0.0.1:8080
FUZZTIME  ?= 30s
RUNS      ?= 1000
SEED      ?= 1

# Folders that `make generate` writes as a whole. Files elsewhere are known by the usual mark in their first lines.
export GENERATED ?= shared/event/schema edge/gateway/schema hub/api/schema hub/postgres/query

# $(call need,path) fails with a sentence where a target's code is not written yet.
need = @test -e $(1) || { echo "make $@: $(1) does not exist yet" >&2; exit 1; }

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

.PHONY: setup
setup: ## install what is missing (C compiler, strace, PostgreSQL's programs, modules, lint tools); without root: say how, exit 3
	@tools/gate/setup.sh

.PHONY: build
build: ## build static bin/edge, bin/hub, bin/classctl and bin/classload
	$(call need,cmd/edge)
	$(call need,cmd/hub)
	$(call need,cmd/classctl)
	$(call need,cmd/classload)
	$(GO_BUILD) -o bin/ ./cmd/edge ./cmd/hub ./cmd/classctl ./cmd/classload

.PHONY: generate
generate: ## write all generated code anew
	go generate ./...

.PHONY: generated-check
generated-check: ## fail with a diff if generated code is not what `make generate` writes
	@tools/gate/generated.sh

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@tools/gate/lint.sh

.PHONY: test
test: ## install, lint, generated-check and all tests under -race; what CI runs
	@tools/gate/test.sh

.PHONY: vuln
vuln: ## look for known vulnerabilities; exit 4 and "NOT CHECKED" if the database can't be read
	@tools/gate/vuln.sh

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME=30s
	@FUZZTIME=$(FUZZTIME) tools/gate/fuzz.sh

.PHONY: seed
seed: build ## fill DATA_DIR=.data with a school
	DATA_DIR=$(DATA_DIR) bin/edge seed

.PHONY: dev
dev: seed ## build, seed and run an edge on EDGE_ADDR=127.0.0.1:8080
	EDGE_ADDR=$(EDGE_ADDR) DATA_DIR=$(DATA_DIR) bin/edge

.PHONY: faults
faults: ## kill -9 an edge under load at RUNS=1000 random points, and open every crash image
	$(call need,edge/faulttest)
	@grep -rq '^func TestFault' edge/faulttest || { echo "make $@: no TestFault in edge/faulttest" >&2; exit 1; }
	FAULT_RUNS=$(RUNS) go test -count=1 -v -run 'TestFault' -timeout 2h ./edge/faulttest/...

.PHONY: sim
sim: ## simulate replication over a bad WAN with a crashing hub: RUNS=1000 seeds of each plan, from SEED=1
	SIM_RUNS=$(RUNS) SIM_SEED=$(SEED) go test -count=1 -v -run 'TestSimulation' -timeout 12h ./sync/synctest

.PHONY: bench
bench: ## measure, each figure beside its raw limit
	$(call need,bench)
	go run ./bench
	RUNS=1 SECONDS=20 go run ./bench/fanout paced

.PHONY: bench-fanout
bench-fanout: ## events to 1,000 students beside centrifuge and the bare floor: RUNS=5 runs of SECONDS=60, saturated, class sizes (40 minutes)
	go run ./bench/fanout

.PHONY: clean
clean: ## remove what was built; data in DATA_DIR stays
	rm -rf bin .cache coverage*
