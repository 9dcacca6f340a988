BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'several');
INSERT INTO "studies" VALUES(2,'single');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MINIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MAXIMIZE',1,1);
INSERT INTO "study_directions" VALUES(3,'MAXIMIZE',2,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_intermediate_values" VALUES(1,7,0,0.0,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,7,1,3.34625671897372889418e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(3,7,2,6.69251343794745778836e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,8,0,0.0,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,8,1,-4.79882894921389,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(6,8,2,-9.59765789842778,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(7,9,0,0.0,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(8,9,1,4.00173177933960921848e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(9,9,2,8.00346355867921843696e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(10,9,3,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(11,10,0,0.0,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(12,10,1,7.85519415578443158665e+00,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(13,10,2,1.57103883115688631728e+01,'FINITE');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'x',1.78264971513869378838e-02,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(2,1,'n',7.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(3,1,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", 1, true, null]}}');
INSERT INTO "trial_params" VALUES(4,2,'x',3.62060072574473847117e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(5,2,'n',3.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(6,2,'c',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", 1, true, null]}}');
INSERT INTO "trial_params" VALUES(7,3,'x',4.10541201685889114297e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(8,3,'n',9.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(9,3,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", 1, true, null]}}');
INSERT INTO "trial_params" VALUES(10,4,'x',0.00263730777909246,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(11,4,'n',1.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(12,4,'c',1.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", 1, true, null]}}');
INSERT INTO "trial_params" VALUES(13,5,'x',4.25762548601137880144e-01,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(14,5,'n',9.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(15,5,'c',3.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", 1, true, null]}}');
INSERT INTO "trial_params" VALUES(16,6,'x',1.97260668918409565533e-03,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1.0, "log": true}}');
INSERT INTO "trial_params" VALUES(17,6,'n',5.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 2, "low": 1, "high": 9}}');
INSERT INTO "trial_params" VALUES(18,6,'c',0.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["a", 1, true, null]}}');
INSERT INTO "trial_params" VALUES(19,6,'only a',7.00000000000000066613e-01,'{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 1.0, "log": false}}');
INSERT INTO "trial_params" VALUES(20,7,'x',3.34625671897372889418e+00,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -5.0, "high": 5.0, "log": false}}');
INSERT INTO "trial_params" VALUES(21,8,'x',-4.79882894921389,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -5.0, "high": 6.0, "log": false}}');
INSERT INTO "trial_params" VALUES(22,9,'x',4.00173177933960921848e+00,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -5.0, "high": 7.0, "log": false}}');
INSERT INTO "trial_params" VALUES(23,10,'x',7.85519415578443158665e+00,'{"name": "FloatDistribution", "attributes": {"step": null, "low": -5.0, "high": 8.0, "log": false}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_system_attributes" VALUES(1,11,'fixed_params','{"x": 1.5}');
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,1.78264971513869378838e-02,'FINITE');
INSERT INTO "trial_values" VALUES(2,1,1,7.0,'FINITE');
INSERT INTO "trial_values" VALUES(3,2,0,3.62060072574473847117e-03,'FINITE');
INSERT INTO "trial_values" VALUES(4,2,1,3.0,'FINITE');
INSERT INTO "trial_values" VALUES(5,3,0,4.10541201685889114297e-03,'FINITE');
INSERT INTO "trial_values" VALUES(6,3,1,9.0,'FINITE');
INSERT INTO "trial_values" VALUES(7,4,0,0.00263730777909246,'FINITE');
INSERT INTO "trial_values" VALUES(8,4,1,1.0,'FINITE');
INSERT INTO "trial_values" VALUES(9,5,0,4.25762548601137880144e-01,'FINITE');
INSERT INTO "trial_values" VALUES(10,5,1,9.0,'FINITE');
INSERT INTO "trial_values" VALUES(11,6,0,1.97260668918409565533e-03,'FINITE');
INSERT INTO "trial_values" VALUES(12,6,1,5.0,'FINITE');
INSERT INTO "trial_values" VALUES(13,7,0,3.34625671897372889418e+00,'FINITE');
INSERT INTO "trial_values" VALUES(14,8,0,-9.59765789842778,'FINITE');
INSERT INTO "trial_values" VALUES(15,10,0,7.85519415578443158665e+00,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'COMPLETE','2026-11-24 02:55:09.687052','2026-11-24 02:55:09.843749');
INSERT INTO "trials" VALUES(2,1,1,'COMPLETE','2026-11-24 02:55:09.881308','2026-11-24 02:55:09.972896');
INSERT INTO "trials" VALUES(3,2,1,'COMPLETE','2026-11-24 02:55:10.015848','2026-11-24 02:55:10.118905');
INSERT INTO "trials" VALUES(4,3,1,'COMPLETE','2026-11-24 02:55:10.164149','2026-11-24 02:55:10.330911');
INSERT INTO "trials" VALUES(5,4,1,'COMPLETE','2026-11-24 02:55:10.398580','2026-11-24 02:55:10.489107');
INSERT INTO "trials" VALUES(6,5,1,'COMPLETE','2026-11-24 02:55:10.560956','2026-11-24 02:55:10.812088');
INSERT INTO "trials" VALUES(7,0,2,'COMPLETE','2026-11-24 02:55:11.112143','2026-11-24 02:55:11.325525');
INSERT INTO "trials" VALUES(8,1,2,'PRUNED','2026-11-24 02:55:11.366195','2026-11-24 02:55:11.435073');
INSERT INTO "trials" VALUES(9,2,2,'FAIL','2026-11-24 02:55:11.511590','2026-11-24 02:55:11.728833');
INSERT INTO "trials" VALUES(10,3,2,'COMPLETE','2026-11-24 02:55:11.764235','2026-11-24 02:55:12.072251');
INSERT INTO "trials" VALUES(11,4,2,'RUNNING','2026-11-24 02:55:12.133975',NULL);
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
COMMIT;
