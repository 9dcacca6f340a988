#!/usr/bin/env node
// There before anything is built, so that npm can link it on a fresh clone.
import '../dist/joined/main.js';
