# The commands of this project. `make` alone lists them.

VERSION ?= 0.1.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOSEC = github.com/securego/gosec/v2/cmd/gosec@v2.30.0
FUZZTIME ?= 1m
# Suites that make networks, one after the other and after the rest: a browser
# breaks off what it loads when the machine's networks change.
WITH_NETWORKS = test/dockerspawner test/systemd

.DEFAULT_GOAL := help
.PHONY: help build demo test check lint sec unit vuln fuzz e2e test-hubs attacks bench image clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the programs into bin/, static and without paths of this machine
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/ ./cmd/...

demo: build ## start a real JupyterHub with a Voila dashboard behind our program, and print its address
	deploy/demo/run

test: check e2e ## set up what is needed and run everything: what CI runs

check: lint sec unit vuln ## format, vet, static and security analysis, unit tests with the race detector, known vulnerabilities

lint: ## format, vet and static analysis
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted (run gofmt -w):"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go mod tidy -diff
	go mod verify
	go vet -tags e2e,hubs,attacktable ./...
	cd test/kubernetes && go mod tidy -diff && go vet -tags e2e ./...
	go run $(STATICCHECK) -tags e2e,hubs,attacktable ./...
	shellcheck .ci/run deploy/demo/run test/attack/setup test/bed/setup test/containds/setup test/dockerspawner/setup test/fault/hub/warden test/framework/setup test/fuzz test/hubconfig/setup test/hubs/setup test/kubernetes/setup test/source/setup test/systemd/machine/boot test/vuln

sec: ## security analysis; G104 is left out, as an unread error is staticcheck's and the reader's to judge
	go run $(GOSEC) -quiet -exclude=G104 -exclude-dir=.cache -exclude-dir=bench -exclude-dir=test ./...

unit: ## the hermetic tests, with the race detector
	go test -race -count=1 ./...

vuln: ## known vulnerabilities in what we depend on
	test/vuln $(GOVULNCHECK)

fuzz: ## every fuzz target, FUZZTIME each: a time, or a number of inputs such as 20000x
	test/fuzz $(FUZZTIME)

e2e: ## the real thing: JupyterHub, the Python program, a dozen frameworks, Chromium, git servers, Docker
	test/bed/setup
	test/attack/setup
	test/framework/setup
	rest=$$(go list -tags e2e ./test/... | grep -v $(WITH_NETWORKS:%=-e %)) && go test -tags e2e -count=1 -timeout 30m $$rest
	go test -tags e2e -count=1 -timeout 30m -p 1 $(WITH_NETWORKS:%=./%/...)
	cd test/kubernetes && go test -tags e2e -count=1 -timeout 10m ./...

test-hubs: ## the matrix of real hubs, from 6 down to 1.5, as a table
	test/bed/setup
	go test -tags hubs -count=1 -parallel 7 -timeout 30m -v ./test/hubs/
	go test -tags hubs -count=1 -timeout 30m -p 1 ./test/hubconfig/ ./test/dashboards/

attacks: ## the same attacks on our peers and on us: writes docs/attacks.md
	test/attack/setup
	go test -tags attacktable -count=1 -timeout 30m -run TestAttackTable ./test/attack/

bench: ## compare with our peers, and write bench/RESULTS.md
	go run ./bench

image: ## build the container images of both programs
	docker build --build-arg VERSION=$(VERSION) -t jhsingle-native-proxy:$(VERSION) .
	docker build --build-arg VERSION=$(VERSION) -f deploy/Dockerfile -t dashboard-builder:$(VERSION) .

clean: ## remove all that these commands make
	rm -rf bin .cache test/output bench/output
