/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['**/*.test.ts'],
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
  },
  moduleNameMapper: {
    '^@shop/(amqp|runtime)/(.+)$': '<rootDir>/packages/$1/$2',
    '^@shop/(cluster|dev|faults)/(.+)$': '<rootDir>/tools/$1/$2',
    '^@shop/([^/]+)/(.+)$': '<rootDir>/$1/$2',
  },
  globalSetup: '<rootDir>/test/start-servers.ts',
  globalTeardown: '<rootDir>/test/stop-servers.ts',
  reporters: ['default', '<rootDir>/test/summary-reporter.js'],
  testTimeout: 180_000, // for what hangs; on a busy machine a process takes ten times as long to start
};
