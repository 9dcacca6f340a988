"""Reference figures for `npm run bench:tables`: run `python tools/golden/boosting.py`, with scikit-learn 1.9.1 and pandas installed.

Writes to tools/bench/tables/boosting.json what gradient boosting with its defaults reaches on the tables of
packages/data/test/tables, on the rows that `npm run bench:tables -- --show splits` says: accuracy, or R2.
"""

import json
import pathlib
import subprocess

import pandas
import sklearn
from sklearn import ensemble

root = pathlib.Path(__file__).parents[2]
command = ["npm", "run", "-s", "bench:tables", "--", "--show", "splits"]
splits = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout)


def score(name, target, rows, kind):
    table = pandas.read_csv(root / f"packages/data/test/tables/{name}.csv")
    held = table.index.isin([row - 1 for row in rows])
    train, test = table[~held], table[held]
    model = getattr(ensemble, kind)(random_state=0).fit(train.drop(columns=target), train[target])
    return round(float(model.score(test.drop(columns=target), test[target])), 4)


figures = {"scikit-learn": sklearn.__version__, "tables": {}}
for name, split in splits.items():
    kinds = [f"{kind}{'Regressor' if split['task'] == 'regression' else 'Classifier'}" for kind in ("HistGradientBoosting", "GradientBoosting")]
    figures["tables"][name] = {kind: score(name, split["target"], split["test"], kind) for kind in kinds}

(root / "tools/bench/tables/boosting.json").write_text(json.dumps(figures, indent=2) + "\n")
