// The layers of @espalier/pipeline, the lowest first.
import type { Layers } from './layers.ts';

/** Data and tasks below jobs, jobs below the rows and stages that ask for them, Node above all. */
export const pipeline: Layers = {
  arrows: {
    'errors.ts': [],
    text: [],
    'fields.ts': ['text'],
    'registry.ts': ['errors.ts', 'text'],
    data: ['errors.ts', 'fields.ts', 'registry.ts'],
    task: ['errors.ts', 'text', 'registry.ts', 'data'],
    candidate: ['errors.ts', 'text', 'fields.ts', 'registry.ts', 'data', 'task'],
    host: ['errors.ts'],
    report: ['candidate'],
    jobs: ['errors.ts', 'registry.ts', 'data', 'task', 'candidate', 'host', 'report'],
    'host/shared-bar.ts': ['host', 'jobs'],
    pipeline: ['errors.ts', 'text', 'fields.ts', 'registry.ts', 'data', 'task', 'candidate', 'host', 'report', 'jobs'],
    node: ['errors.ts', 'text', 'fields.ts', 'data', 'task', 'candidate', 'host', 'jobs', 'pipeline'],
    rows: ['errors.ts', 'text', 'fields.ts', 'candidate', 'report', 'host/shared-bar.ts', 'pipeline'],
    search: ['errors.ts', 'fields.ts', 'task', 'candidate', 'host', 'report', 'jobs', 'pipeline'],
    'quickstart.ts': ['pipeline', 'rows', 'search'],
    stages: ['errors.ts', 'task', 'candidate', 'report', 'jobs', 'host/shared-bar.ts', 'pipeline', 'rows', 'search'],
  },
  exceptions: [
    { from: 'pipeline/stage.ts', to: 'stages', why: 'the registry of stages starts with those that are built in' },
    { from: 'pipeline/row.ts', to: 'rows', why: 'the registry of rows starts with those that are built in' },
  ],
};
