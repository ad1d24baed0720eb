# `make help` lists every target. Ports are settings: MAILROUND_PORT (8080), MAILROUND_MAIL_PORT (8025).
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTHON := $(shell command -v python3.11 || command -v python3)
UV := $(shell command -v uv || echo .uv/bin/uv)
LOCK = $(UV) pip compile --quiet $(UPGRADE) --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links

.PHONY: help venv font demo up down test certs compose-up compose-test compose-down lint bench bench-large bench-quality bench-scale \
  bench-register bench-console bench-peers backup restore lock upgrade sbom audit screenshots clean

help: ## この一覧を表示する
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

venv: .venv/.installed ## 仮想環境 .venv を作り、固定した依存パッケージを入れる

# Where the machine has no uv, it is installed with pip into a folder of its own.
.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet uv

.venv/.installed: requirements.txt requirements-dev.txt pyproject.toml | $(filter .uv/bin/uv,$(UV))
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(BIN)/python --compile-bytecode --require-hashes requirements.txt requirements-dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Debian packages: the font that prints every name; 7-Zip as an independent reader of the package, Redis as the
# workers' broker and Chromium as people's browser (tests only).
font: ## 印刷用フォント IPAmj明朝 を入れる（許されている場合）
	@fc-list 2>/dev/null | grep -qi ipamj || [ -n "$$MAILROUND_FONT" ] || .ci/apt fonts-ipamj-mincho fontconfig

demo: venv font ## 実物のAirflowで一つの回（8,500世帯）を最初から最後まで実行する
	$(BIN)/mailround local demo

up: venv font ## Airflowを起動したままにする（画面の場所と利用者を表示）
	$(BIN)/mailround local up

down: ## make up で起動したAirflowを止める
	$(BIN)/mailround local down

# axe-core, which looks for what keeps people from using a page (tests only).
tests/browser/node_modules/.installed: tests/browser/package-lock.json
	@command -v npm >/dev/null || .ci/apt npm
	cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# A file stays with one worker, files that share an Airflow do together, and the end-to-end tests come first (tests/conftest.py).
# Three workers for two cores: the ones with the end-to-end tests mostly wait for Airflow.
test: venv font tests/browser/node_modules/.installed ## すべてのテストを実行する
	@command -v 7z >/dev/null || .ci/apt p7zip-full
	@command -v redis-server >/dev/null || .ci/apt redis-server
	@command -v chromium >/dev/null || .ci/apt chromium
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

# A ward's installation in containers (docs/adr/0027). HOST is the name people call it by; WORKERS how many draw at once.
HOST ?= localhost
WORKERS ?= 2
COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose) --project-name mailround

certs: ## 自前の認証局・証明書・秘密のファイルを作る（あるものは残す。HOST=画面の名前）
	@deploy/certs $(HOST)

compose-up: certs ## コンテナで起動する（WORKERS=作業者の数）
	deploy/build
	$(COMPOSE) up --detach --scale worker=$(WORKERS)

compose-down: ## コンテナを止める（データは残る）
	$(COMPOSE) down

compose-test: venv ## コンテナを作って起動し、作業者とスケジューラを落としながら600世帯の回を行う（約20分、root）
	$(BIN)/python tests/e2e/compose/run.py

lint: venv ## 書式・型・層の規則を検査する
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: venv font bench-peers ## 8,500世帯で速さ・メモリ・他の方法との比を測り benchmarks/ に書く（約10分）
	$(BIN)/python benchmarks/run.py

bench-large: venv font bench-peers ## 85,000世帯でメモリを測り make bench の結果に書き足す（約10分）
	$(BIN)/python benchmarks/run.py large

bench-quality: venv font ## データ検査の見落としと誤った保留、速さを測り benchmarks/quality/ に書く（約15分）
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/quality/run.py

bench-scale: venv font bench-peers ## 8,500・85,000・850,000世帯の秒とメモリを測り benchmarks/scale/ に書く（約50分、20 GB）
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/scale/run.py 8500 85000 overhead 850000

bench-register: venv ## 管理簿10万件の検証と追記の速さ・メモリを測って表示する（約1分）
	$(BIN)/python benchmarks/register.py

bench-console: venv ## 40回・管理簿10万件で、画面の全ページの速さとメモリを測り benchmarks/console/ に書く（約5分）
	PYTHONPATH=benchmarks:tests:tests/console $(BIN)/python benchmarks/console/run.py

backup: venv ## Airflowのデータベース・管理簿・設定の控えを、暗号化して作る
	$(BIN)/mailround backup

restore: venv ## 控えを空の設置に戻す（ARCHIVE=控え IDENTITY=識別鍵 INCLUDE=設定を置く空のフォルダ）
	$(BIN)/mailround restore $(ARCHIVE) --identity $(IDENTITY) --include $(INCLUDE)

# Compared with, never imported: a virtual environment of their own. It may be missing; the table then says so. WeasyPrint
# needs Pango, which Python cannot install.
bench-peers: | $(filter .uv/bin/uv,$(UV)) ## make bench で比べる相手を別の仮想環境に入れる
	-@find /usr/lib -name 'libpangoft2-1.0.so.0' | grep -q . || .ci/apt libpango-1.0-0 libpangoft2-1.0-0
	-$(UV) venv --quiet --allow-existing --python $(PYTHON) benchmarks/.venv
	-$(UV) pip sync --quiet --python benchmarks/.venv/bin/python --require-hashes benchmarks/requirements.txt

screenshots: venv font ## 手引きと README の画面を撮り直す（chromium が必要）
	@command -v chromium >/dev/null || .ci/apt chromium fonts-noto-cjk
	PYTHONPATH=tests $(BIN)/python docs/images/take.py

lock: | $(filter .uv/bin/uv,$(UV)) ## requirements*.in から固定ファイルを作り直す
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) benchmarks/requirements.in --output-file benchmarks/requirements.txt

upgrade: ## 依存パッケージの版を上げ、SBOM・ライセンス一覧・脆弱性の点検までやり直す
	$(MAKE) lock UPGRADE=--upgrade
	$(MAKE) sbom
	$(MAKE) audit

sbom: venv ## 部品表（SBOM）とライセンス一覧を docs/supply/ に書く
	$(BIN)/python docs/supply/bill.py

audit: venv ## 固定した全パッケージに既知の脆弱性がないかを調べる（OSV=写しのURL）
	$(BIN)/python docs/supply/audit.py $(if $(OSV),--osv $(OSV))

clean: ## 仮想環境と作業フォルダを消す
	-[ ! -x $(BIN)/mailround ] || $(BIN)/mailround local down
	rm -rf .venv .uv .airflow benchmarks/.venv
