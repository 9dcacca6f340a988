-- A study as version 1 of the schema keeps it. Never change this file: it is what later versions have to be able to open.
CREATE TABLE espalier_study (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL,
      revision INTEGER NOT NULL DEFAULT 0, next_number INTEGER NOT NULL DEFAULT 0);
CREATE TABLE espalier_write (study INTEGER NOT NULL, revision INTEGER NOT NULL, token TEXT NOT NULL,
      events TEXT NOT NULL, PRIMARY KEY (study, revision)) WITHOUT ROWID;
CREATE TABLE espalier_trial (study INTEGER NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL,
      attempt INTEGER NOT NULL, losses INTEGER NOT NULL, lease_until INTEGER, owner TEXT, config TEXT,
      PRIMARY KEY (study, number)) WITHOUT ROWID;
CREATE INDEX espalier_waiting ON espalier_trial (study, number) WHERE state = 'waiting';
CREATE INDEX espalier_running ON espalier_trial (study, lease_until) WHERE state = 'running';
INSERT INTO espalier_study (id, name, record, revision, next_number)
  VALUES (1, 's', '{"name":"s","seed":4,"objectives":["minimize f"],"constraints":[],"space":{"format":"espalier-space","version":1,"root":{"kind":"group","fields":{"n":{"kind":"int","low":1,"high":9,"step":1,"log":false},"kind":{"kind":"branch","branches":{"a":{"kind":"group","fields":{"y":{"kind":"float","low":0,"high":1,"log":false}}},"b":{"kind":"group","fields":{}}}}}}},"strategy":{"name":"genetic","options":{"population":2,"elitism":null,"tournament":4,"crossoverProbability":0.9,"mutationProbability":null,"crossover":"uniform","mutation":"polynomial","nicheRadius":0}},"duplicates":"avoid","retries":3,"createdAt":1795864724528}', 9, 3);
INSERT INTO espalier_write (study, revision, token, events)
  VALUES (1, 1, 'f2831810-cffe-4c23-b230-666762842b72', '[{"type":"claim","number":0,"attempt":1,"at":1795864724532,"worker":"worker 0"}]');
INSERT INTO espalier_write (study, revision, token, events)
  VALUES (1, 2, 'c9bc075c-a693-433b-81b3-f3ee2e9802de', '[{"type":"start","number":0,"attempt":1,"at":1795864724535,"config":{"n":4,"kind":{"type":"a","y":0.473443856878873}},"origin":{"operator":"sample"},"basis":1}]');
INSERT INTO espalier_write (study, revision, token, events)
  VALUES (1, 4, '83ac9eb0-3677-4de4-b859-8886aa53c109', '[{"type":"report","number":0,"attempt":1,"at":1795864724633,"step":1,"metrics":{"f":{"$number":"NaN"}}},{"type":"finish","number":0,"attempt":1,"at":1795864724633,"state":"complete","metrics":{"f":0.473443856878873}}]');
INSERT INTO espalier_write (study, revision, token, events)
  VALUES (1, 5, 'ef975365-020b-435e-ab6c-fd1add804281', '[{"type":"claim","number":1,"attempt":1,"at":1795864724634,"worker":"worker 0"}]');
INSERT INTO espalier_write (study, revision, token, events)
  VALUES (1, 6, '0a88228e-4e3f-4279-b564-879d13ba42d9', '[{"type":"start","number":1,"attempt":1,"at":1795864724635,"config":{"n":4,"kind":{"type":"a","y":0.3770868041611387}},"origin":{"operator":"sample"},"basis":5}]');
INSERT INTO espalier_write (study, revision, token, events)
  VALUES (1, 8, '9fb142e6-5a36-48f7-81ab-f65b4875d9a9', '[{"type":"report","number":1,"attempt":1,"at":1795864724648,"step":1,"metrics":{"f":{"$number":"NaN"}}},{"type":"finish","number":1,"attempt":1,"at":1795864724648,"state":"complete","metrics":{"f":0.3770868041611387}}]');
INSERT INTO espalier_write (study, revision, token, events)
  VALUES (1, 9, '122c3f6a-b022-4a41-830a-1f8286bcb62a', '[{"type":"enqueue","number":2,"attempt":0,"at":1795864724651,"config":{"n":4,"kind":{"type":"b"}}}]');
INSERT INTO espalier_trial (study, number, state, attempt, losses, lease_until, owner, config)
  VALUES (1, 0, 'complete', 1, 0, NULL, NULL, '{"n":4,"kind":{"type":"a","y":0.473443856878873}}');
INSERT INTO espalier_trial (study, number, state, attempt, losses, lease_until, owner, config)
  VALUES (1, 1, 'complete', 1, 0, NULL, NULL, '{"n":4,"kind":{"type":"a","y":0.3770868041611387}}');
INSERT INTO espalier_trial (study, number, state, attempt, losses, lease_until, owner, config)
  VALUES (1, 2, 'waiting', 0, 0, NULL, NULL, '{"n":4,"kind":{"type":"b"}}');
PRAGMA application_id = 1165193324;
PRAGMA user_version = 1;
