const ES_MODULES = 'jose|p-limit|p-timeout|yocto-queue';

/** @type {import('jest').Config} */
const shared = {
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
    // Packages that ship ES modules only: Node can require() them, Jest needs them compiled.
    [`/node_modules/(${ES_MODULES})/.+\\.js$`]: ['@swc/jest', { module: { type: 'commonjs' } }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES})/)`],
  moduleNameMapper: {
    '^@shop/(amqp|runtime)/(.+)$': '<rootDir>/packages/$1/$2',
    '^@shop/(cluster|dashboards|dev|faults)/(.+)$': '<rootDir>/tools/$1/$2',
    '^@shop/([^/]+)/(.+)$': '<rootDir>/$1/$2',
  },
};

/** The suffix of a test's file name states what it needs. Jest starts servers only if a selected test needs them. */
/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['**/!(*.process|*.server).test.ts'],
      testEnvironment: '<rootDir>/test/unit-environment.ts',
    },
    {
      ...shared,
      displayName: 'process',
      testMatch: ['**/*.process.test.ts'],
      testEnvironment: 'node',
    },
    {
      ...shared,
      displayName: 'server',
      testMatch: ['**/*.server.test.ts'],
      testEnvironment: 'node',
      globalSetup: '<rootDir>/test/start-servers.ts',
      globalTeardown: '<rootDir>/test/stop-servers.ts',
    },
  ],
  reporters: ['default', '<rootDir>/test/summary-reporter.js'],
  testTimeout: 180_000, // a limit for tests that hang: on a busy machine a process takes ten times as long to start
};
