import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['dist', 'node_modules'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: globals.browser } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    rules: {
      // The app has one router of its own (scope/here.svelte.ts); this rule is SvelteKit's.
      'svelte/no-navigation-without-resolve': 'off',
      // Sets and maps here are replaced as a whole, which is what makes them reactive.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
);
