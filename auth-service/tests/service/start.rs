//! Starting, starting together, starting again, and not starting.

use std::{fs, path::Path, process::Command, time::Duration};

use crate::support::{MASTER_KEY, PASSWORD, Service, column, execute, listeners, settings};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use secrecy::SecretString;
use service_runtime::{
    CancellationToken,
    clock::Clock,
    on_both_databases,
    sealed::{MasterKey, SecretSource},
    testing::{Engine, TestDatabase},
};
use tokio::net::TcpListener;

fn master_key(database: &TestDatabase) -> MasterKey {
    let generated = fs::read_to_string(database.folder().join("auth-master.key")).ok();
    let value = Some(SecretString::from(generated.unwrap_or_else(|| MASTER_KEY.to_owned())));
    let source = SecretSource { variable: "AUTH_MASTER_KEY", value, file: None, generate_in: None, file_name: "" };
    MasterKey::load(source).unwrap()
}

/// The private key as whoever has the master key can read it.
async fn private_key(database: &TestDatabase) -> Vec<u8> {
    let sealed: Vec<Vec<u8>> = column(database, "SELECT sealed_private_key FROM signing_key").await;
    let kid: Vec<String> = column(database, "SELECT kid FROM signing_key").await;
    let sealing = master_key(database).sealing_key("auth-service signing keys").unwrap();
    sealing.open(&sealed[0], kid[0].as_bytes()).unwrap().to_vec()
}

async fn refusal(database: &TestDatabase, arguments: &[&str]) -> String {
    let served = auth_service::serve(
        listeners().await,
        settings(database, arguments),
        Clock::system(),
        CancellationToken::new(),
    );
    format!("{:?}", tokio::time::timeout(Duration::from_secs(20), served).await.unwrap().unwrap_err())
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

on_both_databases! {
    async fn replicas_that_start_together_agree_on_one_key(database: TestDatabase) {
        let database = std::sync::Arc::new(database);
        let starting: Vec<_> = (0..4)
            .map(|_| {
                let database = std::sync::Arc::clone(&database);
                tokio::spawn(async move { Service::start(&database).await })
            })
            .collect();
        let mut replicas = Vec::new();
        for replica in starting {
            replicas.push(replica.await.unwrap());
        }
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM signing_key").await, [1]);
        let mut tokens = Vec::new();
        for (number, replica) in replicas.iter().enumerate() {
            tokens.push(replica.signed_up(&format!("ada{number}@example.org")).await.1);
        }
        for replica in &replicas {
            for token in &tokens {
                assert!(replica.accepts(token).await);
            }
        }
    }

    async fn tokens_and_people_outlive_a_restart(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        service.stop().await;
        let service = Service::start(&database).await;
        assert!(service.accepts(&token).await);
        service.log_in("ada@example.org", PASSWORD).await.unwrap();
        service.stop().await;
    }

    async fn the_database_does_not_reveal_the_signing_key(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up("ada@example.org").await;
        let private = private_key(&database).await;
        let public: Vec<Vec<u8>> = column(&database, "SELECT public_key FROM signing_key").await;
        assert_eq!(Ed25519KeyPair::from_pkcs8(&private).unwrap().public_key().as_ref(), public[0]);
        // PKCS#8: the seed is the octet string after the one byte tags of its two wrappings.
        let at = private.windows(4).position(|tags| tags == [0x04, 0x22, 0x04, 0x20]).unwrap() + 4;
        let seed = &private[at..at + 32];

        let sealed: Vec<Vec<u8>> = column(&database, "SELECT sealed_private_key FROM signing_key").await;
        assert!(!contains(&sealed[0], seed) && !contains(&sealed[0], &private));
        if database.engine == Engine::Sqlite {
            let mut searched = 0;
            for suffix in ["", "-wal", "-shm"] {
                let bytes = fs::read(database.folder().join(format!("test.db{suffix}"))).unwrap();
                assert!(!contains(&bytes, seed), "test.db{suffix}");
                searched += usize::from(contains(&bytes, &public[0]));
            }
            assert!(searched > 0, "the files searched must be those that hold the key");
        }
        service.stop().await;
    }

    async fn another_master_key_is_refused_with_the_mend(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        let other = ["--auth-master-key", "BwYFBAMCAQAPDg0MCwoJCBcWFRQTEhEQHx4dHBsaGRg="];
        let message = refusal(&database, &other).await;
        assert!(message.contains("AUTH_MASTER_KEY") && message.contains("give the old one back"), "{message}");
    }

    async fn the_internal_port_is_not_served_beyond_loopback(database: TestDatabase) {
        let mut listeners = listeners().await;
        listeners.internal = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let served =
            auth_service::serve(listeners, settings(&database, &[]), Clock::system(), CancellationToken::new());
        let message = tokio::time::timeout(Duration::from_secs(20), served).await.unwrap().unwrap_err().to_string();
        assert!(message.contains("AUTH_INTERNAL_LISTEN"), "{message}");
    }

    async fn weak_hashes_are_refused(database: TestDatabase) {
        let mut weak = settings(&database, &[]);
        weak.passwords.hashing.allow_weak = false;
        let served = auth_service::serve(listeners().await, weak, Clock::system(), CancellationToken::new());
        let message = served.await.unwrap_err().to_string();
        assert!(message.contains("AUTH_HASH_MEMORY_KIB"), "{message}");
    }

    async fn it_recovers_once_its_tables_are_back(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        for table in ["session", "revocation"] {
            execute(&database, &format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
        }
        // For a second it is told from memory.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert!(service.judge(&token, "").await.is_err(), "it must not be told from memory alone");
        let request = crate::support::bearer(&token, proto::auth::v1::GetMeRequest {});
        let status = service.auth().await.get_me(request).await.unwrap_err();
        assert_eq!(crate::support::reason(&status), "AUTH_UNAVAILABLE", "not to be let in is one thing, not to know another");
        execute(&database, "ALTER TABLE session_away RENAME TO session").await;
        assert!(service.accepts(&token).await, "the session can be looked up");
        execute(&database, "ALTER TABLE revocation_away RENAME TO revocation").await;
        service.stop().await;
    }

    async fn the_limits_tables_cost_postgresql_no_log(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        if database.engine == Engine::Postgres {
            let sql = "SELECT count(*) FROM pg_class WHERE relname IN ('attempt', 'attempt_window') AND relpersistence = 'u'";
            assert_eq!(column::<i64>(&database, sql).await, [2]);
        }
    }
}

#[tokio::test]
async fn postgresql_needs_a_master_key() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let mut without = settings(&database, &[]);
    without.master_key.master_key = None;
    let served = auth_service::serve(listeners().await, without, Clock::system(), CancellationToken::new());
    let message = format!("{:?}", served.await.unwrap_err());
    assert!(message.contains("AUTH_MASTER_KEY"), "{message}");
}

#[tokio::test]
async fn what_is_generated_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::create(Engine::Sqlite).await;
    Service::start(&database).await.stop().await;
    let mode = fs::metadata(database.folder().join("auth-master.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_auth-service")).current_dir(folder).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn the_binary_migrates_and_tells_its_health() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let folder = database.folder();
    assert!(run(folder, &["migrate"]).0);
    assert!(folder.join("data/auth.db").exists(), "the embedded default is made under ./data");
    let (healthy, said) = run(folder, &["healthcheck", "--auth-listen", "127.0.0.1:1"]);
    assert!(!healthy && said.contains("127.0.0.1:1"), "{said}");
    let (started, said) = run(folder, &["--auth-internal-listen", "0.0.0.0:50061"]);
    assert!(!started && said.contains("AUTH_INTERNAL_LISTEN"), "{said}");

    let service = Service::start(&database).await;
    let address = service.public.to_string();
    let folder = folder.to_owned();
    let healthy = tokio::task::spawn_blocking(move || run(&folder, &["healthcheck", "--auth-listen", &address]));
    assert!(healthy.await.unwrap().0);
    service.stop().await;
}
