PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BOARD ?= tonus_r1
SCENARIO ?= tests/sim/scenarios/demo_facial.toml
DEVICES ?= 300
RUNS ?= 3000
STUBS := $(VENV)/micropython-stubs

.DEFAULT_GOAL := help
.PHONY: help run tools devices image flash deploy release test bench campaign soak hazards spice board board-mutants mutants schematic web lint format states clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/run.stamp ## a five-minute facial on the simulated device (SCENARIO=path runs another)
	@$(BIN)/python -m tonus_tools.sim "$(SCENARIO)" --out out

tools: $(VENV)/run.stamp ## only put the tools into .venv

devices: $(VENV)/run.stamp ## drawn devices in drawn hands, every shipped preset: a table, within two hours (DEVICES=300)
	@$(BIN)/python -m tonus_tools.sim.population --devices $(DEVICES)

image: $(VENV)/run.stamp ## dist/tonus-BOARD-VERSION.uf2, MicroPython with the firmware (BOARD=tonus_r1)
	@$(BIN)/python -m tonus_tools.image build --board "$(BOARD)"

flash: $(VENV)/run.stamp ## put the image on a device, its presets, calibration and journal kept (PORT, DRIVE, DATA, ERASE=1)
	@$(BIN)/python -m tonus_tools.image flash --board "$(BOARD)" $(if $(PORT),--port "$(PORT)") $(if $(DRIVE),--drive "$(DRIVE)") \
		$(if $(DATA),--data "$(DATA)") $(if $(filter 1,$(ERASE)),--erase-data)

deploy: $(VENV)/run.stamp ## copy changed files to a device in safe mode (PORT=/dev/ttyACM0)
	@$(BIN)/python -m tonus_tools.image deploy --board "$(BOARD)" $(if $(PORT),--port "$(PORT)")

release: $(VENV)/dev.stamp ## all that people need, in dist/: images of both boards, wheel, page, report, guide, changes, checksums
	@$(BIN)/python -m tonus_tools.image release

test: export PYTHONDONTWRITEBYTECODE := # what one of its processes has compiled serves the others
test: $(VENV)/dev.stamp ## every test
	$(BIN)/pytest

bench: $(VENV)/run.stamp ## measure the firmware on an emulated RP2040, ten minutes or so
	@$(BIN)/python -m tonus_tools.chip.bench

campaign: $(VENV)/dev.stamp ## every kind of single fault at random moments, simulator and chip: a table, within an hour (RUNS=3000)
	@$(BIN)/python -m tonus_tools.campaign --runs $(RUNS)

soak: $(VENV)/dev.stamp ## a thousand one-minute sessions over simulated months, and what they leave, in five minutes or so
	@$(BIN)/python -m tonus_tools.campaign.soak

hazards: $(VENV)/dev.stamp ## take out each guard that HAZARDS.md names, and see its proof fail, in a minute or so
	@$(BIN)/python -m tonus_tools.campaign.hazards

spice: $(VENV)/dev.stamp ## the electrode stage in ngspice: tables and plots in tools/tonus_tools/spice
	$(BIN)/python -m tonus_tools.spice

board: $(VENV)/dev.stamp ## check both boards' circuits and make parts lists, netlists, tables and pictures, and tonus_r1's layout file
	@$(BIN)/python -m tonus_tools.board

board-mutants: $(VENV)/dev.stamp ## every mutant of the circuit, in two minutes: a table of what catches it
	@$(BIN)/python -m tonus_tools.board mutants

mutants: $(VENV)/dev.stamp ## every mutant of what decides in the firmware, within an hour: each is killed by a test, or listed (MODULE=guard)
	@$(BIN)/python -m tonus_tools.mutants $(MODULE)

schematic: $(VENV)/dev.stamp ## draw tonus_r1's stage and its table of parts
	$(BIN)/python boards/tonus_r1/schematic.py

web: $(VENV)/run.stamp ## dist/web/, the page that runs the device and programs it; tonusctl web serves it
	@$(BIN)/python -m tonus_tools.web

lint: $(VENV)/dev.stamp ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy tools/tonus_tools tests
	$(BIN)/mypy --config-file firmware/mypy.ini firmware/main.py firmware/tonus

format: $(VENV)/dev.stamp ## lay out the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

states: $(VENV)/run.stamp ## write the tables of states and of limits into firmware/tonus/STATES.md and LIMITS.md
	$(BIN)/python -m tonus_tools.states
	$(BIN)/python -m tonus_tools.limits_table

clean: ## remove what was built
	rm -rf $(VENV) out dist

$(VENV)/run.stamp: pyproject.toml tools/constraints.txt
	@"$(PYTHON)" tools/python_version.py
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c tools/constraints.txt -e '.[sim,image,web]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c tools/constraints.txt -e '.[sim,image,web,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c tools/constraints.txt --upgrade --target $(STUBS) \
		micropython-rp2-rpi_pico-stubs micropython-stdlib-stubs
	@touch $@
