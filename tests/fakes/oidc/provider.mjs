// Runs the certified identity provider on loopback for the tests. Its configuration comes as JSON in the first argument;
// it writes its issuer on one line when it listens, and ends when its standard input does.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const config = JSON.parse(process.argv[2]);
const kinds = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};

let generation = 0;
function newKeys() {
  generation += 1;
  return Object.entries(kinds).map(([alg, [type, options]]) => ({
    ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
    use: 'sig', alg, kid: `${alg}-${generation}`,
  }));
}

function newProvider(issuer) {
  const provider = new Provider(issuer, {
    clients: config.clients,
    jwks: { keys: newKeys() },
    cookies: { keys: ['a key of the tests only'] },
    conformIdTokenClaims: config.claims_by_userinfo_only,
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username', 'groups', 'realm_access'],
      email: ['email'],
    },
    enabledJWA: { idTokenSigningAlgValues: Object.keys(kinds) },
    findAccount: async (context, sub) => (
      sub in config.accounts ? { accountId: sub, claims: async () => ({ ...config.accounts[sub], sub }) } : undefined
    ),
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600 },
  });
  return provider.callback();
}

let current;
const server = createServer((request, response) => {
  if (request.url === '/-/rotate') {
    current = newProvider(`http://127.0.0.1:${server.address().port}`);
    response.end();
  } else if (request.url === '/-/accounts') {
    let text = '';
    request.on('data', (piece) => { text += piece; });
    request.on('end', () => { config.accounts = JSON.parse(text); response.end(); });
  } else {
    current(request, response);
  }
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  current = newProvider(issuer);
  process.stdout.write(`${issuer}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
