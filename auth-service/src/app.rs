//! Builds everything once and puts it on its ports.

use std::sync::Arc;

use anyhow::Context;
use authn::{AccessRules, AuthnLayer};
use proto::auth::v1::{auth_service_server::AuthServiceServer, token_service_server::TokenServiceServer};
use service_runtime::{
    CancellationToken, Router,
    clock::Clock,
    database::Database,
    sealed::MasterKey,
    service::{self, Port, ServerSettings, Service},
    settings::bind,
};
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    accounts::Accounts,
    error::DOMAIN,
    grpc::{AuthApi, TokenApi},
    hashing::HashPool,
    judge::Judge,
    jwks,
    limiter::Limiter,
    migration::Migrator,
    password::PasswordPolicy,
    settings::{Settings, check_internal},
    signing::SigningKeys,
    store::Store,
};

/// Room for the longest password, name and token, and not for much more.
const MAX_REQUEST_BYTES: usize = 32 * 1024;

/// The ports, bound before anything else is done, so that one in use is found out first.
#[derive(Debug)]
pub struct Listeners {
    /// Serves AuthService and the public keys.
    pub public: TcpListener,
    /// Serves TokenService.
    pub internal: TcpListener,
    /// Serves operators.
    pub operations: TcpListener,
}

impl Listeners {
    /// Binds the ports that the settings name, once the settings have been found in order.
    ///
    /// # Errors
    /// When a setting is not in order or a port is taken; the message names the variable to change.
    pub async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        settings.check()?;
        Ok(Self {
            public: bind("AUTH_LISTEN", settings.listen.public).await?,
            internal: bind("AUTH_INTERNAL_LISTEN", settings.listen.internal).await?,
            operations: bind("AUTH_OPERATIONS_LISTEN", settings.listen.operations).await?,
        })
    }
}

/// Serves until `shutdown`.
///
/// # Errors
/// When the service cannot start; the message names what to mend.
pub async fn serve(
    listeners: Listeners,
    settings: Settings,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    check_internal(listeners.internal.local_addr()?)?;
    let database = migrate(&settings).await?;
    let parts = Parts::build(&settings, &database, clock).await?;
    let limiter = Arc::clone(&parts.accounts.limiter);
    let service = Service {
        domain: DOMAIN,
        database,
        settings: ServerSettings::default(),
        ports: vec![parts.public_port(listeners.public, &settings)?, parts.internal_port(listeners.internal)?],
        operations: listeners.operations,
    };
    tokio::select! {
        served = service::serve(service, shutdown) => served,
        () = limiter.forget() => Ok(()),
    }
}

/// Connects to the database and brings it up to date.
///
/// # Errors
/// When it cannot be reached or migrated.
pub async fn migrate(settings: &Settings) -> anyhow::Result<Database> {
    let database = Database::connect(&settings.database.to_settings()).await.context("see AUTH_DATABASE_URL")?;
    database.migrate::<Migrator>().await?;
    Ok(database)
}

struct Parts {
    accounts: Arc<Accounts>,
    judge: Judge,
    keys: Arc<SigningKeys>,
}

impl Parts {
    async fn build(settings: &Settings, database: &Database, clock: Clock) -> anyhow::Result<Self> {
        PasswordPolicy::warm_up();
        let hashes = HashPool::start(&settings.passwords.hashing)?;
        let master = MasterKey::load(settings.master_key.source(database))?;
        let store = Store::new(database.clone());
        let keys = Arc::new(SigningKeys::open(store.clone(), &master, clock.now()).await?);
        let tokens = settings.tokens.clone();
        let judge = Judge::new(store.clone(), clock.clone(), Arc::clone(&keys), tokens.clone());
        let accounts = Accounts {
            limiter: Arc::new(Limiter::new(store.clone(), clock.clone(), settings.limits.clone())),
            policy: PasswordPolicy { min_score: settings.passwords.min_score },
            keys: Arc::clone(&keys),
            hashes,
            tokens,
            store,
            clock,
        };
        Ok(Self { accounts: Arc::new(accounts), judge, keys })
    }

    fn public_port(&self, listener: TcpListener, settings: &Settings) -> anyhow::Result<Port> {
        let rules = Arc::new(AccessRules::from_descriptors(proto::PUBLIC_DESCRIPTORS)?);
        let proxies = settings.limits.trusted_proxies.clone();
        let api = AuthApi { accounts: Arc::clone(&self.accounts), proxies };
        let service = AuthServiceServer::new(api).max_decoding_message_size(MAX_REQUEST_BYTES);
        let grpc: Router = Routes::new(service).into_axum_router().layer(AuthnLayer::public(rules, self.judge.clone()));
        Ok(Port {
            listener,
            routes: grpc.merge(jwks::routes(Arc::clone(&self.keys))),
            services: &["duet.auth.v1.AuthService"],
            descriptors: proto::PUBLIC_DESCRIPTORS,
        })
    }

    fn internal_port(&self, listener: TcpListener) -> anyhow::Result<Port> {
        let rules = Arc::new(AccessRules::from_descriptors(proto::ALL_DESCRIPTORS)?);
        let api = TokenApi { judge: self.judge.clone() };
        let service = TokenServiceServer::new(api).max_decoding_message_size(MAX_REQUEST_BYTES);
        Ok(Port {
            listener,
            routes: Routes::new(service).into_axum_router().layer(AuthnLayer::internal(rules)),
            services: &["duet.auth.v1.TokenService"],
            descriptors: proto::ALL_DESCRIPTORS,
        })
    }
}
