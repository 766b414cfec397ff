import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "src/gen", "node_modules"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/consistent-type-definitions": "off",
      "@typescript-eslint/unbound-method": "off",
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='innerHTML']",
          message: "What people write is shown as text, never as markup.",
        },
        {
          selector: "AssignmentExpression > MemberExpression[property.name=/^(inner|outer)HTML$/]",
          message: "What people write is shown as text, never as markup.",
        },
      ],
      "no-restricted-globals": [
        "error",
        { name: "sessionStorage", message: "What belongs to a person is kept in memory only." },
        {
          name: "localStorage",
          message: "Only src/shell/preferences.ts keeps something, and nothing of a person's.",
        },
      ],
    },
  },
  { files: ["eslint.config.js", "tests/*.mjs"], ...tseslint.configs.disableTypeChecked },
  { files: ["tests/*.mjs"], rules: { "no-restricted-globals": "off" } },
);
