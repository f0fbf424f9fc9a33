import tseslint from 'typescript-eslint';
import { importTable } from './eslint-rules/import-table.ts';
import { noImportCycles } from './eslint-rules/no-import-cycles.ts';

const forbiddenInCore = (names, message) => names.map((name) => ({ name, message }));

export default tseslint.config(
  { ignores: ['**/dist/', 'coverage/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { kvstore: { rules: { 'import-table': importTable, 'no-import-cycles': noImportCycles } } },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-console': 'error',
      'no-control-regex': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // `default: unreachable(x)` is how a switch says at run time what the compiler checks.
        { considerDefaultExhaustiveForUnions: false, allowDefaultCaseForExhaustiveSwitch: true },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => send(x)` and `return done()` read well and mislead nobody.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // The index signature of process.env and of parsed JSON is a string like any other.
      '@typescript-eslint/dot-notation': 'off',
      // The Kubernetes client and winston type plain objects as classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'kvstore/import-table': 'error', 'kvstore/no-import-cycles': 'error' },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...forbiddenInCore(
          ['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'process'],
          'The core is handed the time and the outside as inputs.',
        ),
        ...forbiddenInCore(['Promise', 'fetch', 'globalThis'], 'The core is synchronous: inputs in, effects out.'),
        ...forbiddenInCore(['crypto'], 'Chance comes from the seed (core/base/random.ts).'),
        ...forbiddenInCore(['console'], 'The core reports by effects.'),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Chance comes from the seed (core/base/random.ts).' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: ':function[async=true], AwaitExpression, ImportExpression',
          message: 'The core is synchronous: inputs in, effects out.',
        },
      ],
    },
  },
  {
    // Programs for people: what they print is their purpose.
    files: [
      'scripts/**/*.ts',
      'src/main/**/*.ts',
      'test/simulation/**/*.ts',
      'test/exhaustive/**/*.ts',
      'test/bench/**/*.ts',
      'test/history/**/*.ts',
      'test/measure/**/*.ts',
      'test/endurance/main.ts',
      'test/chaos/main.ts',
      'test/e2e/main.ts',
      'examples/**/*.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A test may look at some members of a union only.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // expect(object.method) is how jest asks whether it was called.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
