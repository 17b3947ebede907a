import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** The folders of src that each folder may not import from. */
const FORBIDDEN = { model: ['jupyter', 'kernel', 'ui'], kernel: ['jupyter', 'ui'], ui: ['jupyter', 'kernel'] };

export default tseslint.config(
  { ignores: ['lib', 'node_modules', '**/*.js', '*.config.*'] },
  ...tseslint.configs.strictTypeChecked,
  hooks.configs['recommended-latest'],
  {
    languageOptions: { parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Lumino's signals take a method and its object.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }]
    }
  },
  ...Object.entries(FORBIDDEN).map(([folder, others]) => ({
    files: [`src/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: others.map(other => `**/${other}/**`) }] }
  }))
);
