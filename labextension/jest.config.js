/** Unit tests run in jsdom. The packages of JupyterLab are modules of a kind that jest must translate. */
module.exports = {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/tests/**/*.test.ts?(x)'],
  transform: {
    '\\.[jt]sx?$': [
      'ts-jest',
      {
        tsconfig: {
          allowJs: true,
          esModuleInterop: true,
          jsx: 'react-jsx',
          module: 'commonjs',
          resolveJsonModule: true,
          target: 'ES2022'
        },
        isolatedModules: true,
        diagnostics: false
      }
    ]
  },
  transformIgnorePatterns: [
    '/node_modules/(?!(@jupyter|@jupyterlab|@lumino|@microsoft|@tanstack|exenv-es6|lib0|y-protocols|nanoid|yjs)/)'
  ],
  moduleNameMapper: { '\\.css$': '<rootDir>/tests/empty.js', '\\.svg$': '<rootDir>/tests/svg.js' }
};
