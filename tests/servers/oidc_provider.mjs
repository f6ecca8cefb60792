// oidc-provider with its own pages: node oidc_provider.mjs MODULES PORT SERVICE
// Anybody may sign in as anybody, and is an analyst.
const [modules, port, service] = process.argv.slice(2);
const { Provider } = await import(`${modules}/oidc-provider/lib/index.js`);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "pages",
      client_secret: "made-up-secret-of-the-pages",
      redirect_uris: [`${service}/auth/callback`],
      post_logout_redirect_uris: [`${service}/auth/sign-in`],
    },
  ],
  claims: { openid: ["sub"], groups: ["groups"] },
  cookies: { keys: ["made up"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, groups: ["analysts"] }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
