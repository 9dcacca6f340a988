"""How fast Optuna's SQLite storage takes trials from several processes, each claiming one, reporting five times and
finishing it: `python optuna_storage.py PROCESSES TRIALS`. Prints one JSON line: trials a second as Optuna opens the
file by default, and as `sqlite:` here does (a write-ahead log, not forced to the disk at each commit).
"""

import json
import multiprocessing
import os
import sys
import tempfile
import time

import optuna
import sqlalchemy

optuna.logging.set_verbosity(optuna.logging.ERROR)


def storage(url: str, relaxed: bool) -> optuna.storages.RDBStorage:
    if relaxed:

        @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
        def relax(connection, _):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")

    return optuna.storages.RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})


def work(url: str, relaxed: bool, trials: int, ready, go) -> None:
    study = optuna.load_study(
        study_name="stampede", storage=storage(url, relaxed), sampler=optuna.samplers.RandomSampler()
    )
    ready.release()
    go.wait()
    for _ in range(trials):
        trial = study.ask()
        x = trial.suggest_float("x", 0, 1)
        for step in range(1, 6):
            trial.report(x / step, step)
        study.tell(trial, x)


def measure(relaxed: bool, processes: int, trials: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{os.path.join(folder, 'study.db')}"
        context = multiprocessing.get_context("spawn")
        ready, go = context.Semaphore(0), context.Event()
        study = optuna.create_study(study_name="stampede", storage=storage(url, relaxed))
        workers = [
            context.Process(target=work, args=(url, relaxed, trials, ready, go)) for _ in range(processes)
        ]
        for worker in workers:
            worker.start()
        for _ in workers:
            ready.acquire()
        began = time.perf_counter()
        go.set()
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - began
        return len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) / seconds


if __name__ == "__main__":
    processes, trials = int(sys.argv[1]), int(sys.argv[2])
    # In this order: the listener that the second adds stays.
    usual = measure(False, processes, trials)
    relaxed = measure(True, processes, trials)
    print(json.dumps({"version": optuna.__version__, "usual": usual, "relaxed": relaxed}))
