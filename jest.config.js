const project = (displayName) => ({
  displayName,
  testMatch: [`<rootDir>/test/${displayName}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'cjs', 'mjs', 'json'],
  transform: { '\\.ts$': '<rootDir>/test/jest/strip-types.js' },
});

/**
 * Seven projects, run one after the other (scripts/test.ts): unit tests share the cores, compat asks a small store in its
 * own process, the contract of the Kubernetes
 * API starts a real one, the simulator brings its own workers, and integration, chaos and end-to-end tests start real
 * processes and measure time, so they run alone.
 */
export default {
  projects: ['unit', 'compat', 'contract', 'simulation', 'integration', 'chaos', 'e2e'].map(project),
  // A failing wait says what it waited for before jest cuts it off: deadlines in tests are shorter than this.
  testTimeout: 30_000,
  maxWorkers: 2,
};
