"""Studies as Optuna 5.0.0 keeps them, and Optuna's own reading of what @espalier/search exports.

`python tools/golden/optuna_studies.py` writes packages/storage/test/golden/optuna.sql: a dump of an SQLite database with two
studies. `python tools/golden/optuna_studies.py FILE` opens an exported database with Optuna and prints what it finds.
"""

import json
import pathlib
import sqlite3
import sys
import tempfile

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def several(trial):
    x = trial.suggest_float("x", 1e-3, 1, log=True)
    n = trial.suggest_int("n", 1, 9, step=2)
    c = trial.suggest_categorical("c", ["a", 1, True, None])
    if c == "a":
        trial.suggest_float("only a", 0, 1, step=0.1)
    return x, n


def single(trial):
    x = trial.suggest_float("x", -5, 5 + trial.number)
    for step in range(3):
        trial.report(x * step, step)
    if trial.number == 1:
        raise optuna.TrialPruned()
    if trial.number == 2:
        trial.report(float("nan"), 3)
        raise RuntimeError("as planned")
    return x


def write_golden():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "golden.db"
        storage = f"sqlite:///{path}"
        sampler = optuna.samplers.RandomSampler(seed=1)
        study = optuna.create_study(
            storage=storage, study_name="several", directions=["minimize", "maximize"], sampler=sampler
        )
        study.optimize(several, n_trials=6)
        study = optuna.create_study(storage=storage, study_name="single", direction="maximize", sampler=sampler)
        study.optimize(single, n_trials=4, catch=RuntimeError)
        study.enqueue_trial({"x": 1.5})
        study.ask()
        dump = "\n".join(sqlite3.connect(path).iterdump())
    root = pathlib.Path(__file__).parents[2]
    (root / "packages/storage/test/golden/optuna.sql").write_text(dump + "\n")


def show(path):
    storage = f"sqlite:///{path}"
    for name in optuna.get_all_study_names(storage):
        study = optuna.load_study(study_name=name, storage=storage)
        states = [trial.state.name for trial in study.trials]
        best = [[trial.number, trial.values, trial.params] for trial in study.best_trials]
        curves = [len(trial.intermediate_values) for trial in study.trials]
        directions = [direction.name for direction in study.directions]
        print(json.dumps({"name": name, "directions": directions, "states": states, "best": best, "curves": curves}))


if len(sys.argv) > 1:
    show(sys.argv[1])
else:
    write_golden()
