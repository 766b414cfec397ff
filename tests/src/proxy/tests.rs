use std::io::ErrorKind;

use tokio::time::timeout;

use super::*;

const MOMENT: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers each byte with itself.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reading, mut writing) = stream.split();
                tokio::io::copy(&mut reading, &mut writing).await
            });
        }
    });
    address
}

async fn connection(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Reads as many bytes as were asked for, and says how long that took.
async fn receive(stream: &mut TcpStream, length: usize) -> (Vec<u8>, Duration) {
    let (start, mut bytes) = (Instant::now(), vec![0; length]);
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("bytes in time").unwrap();
    (bytes, start.elapsed())
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(MOMENT, stream.read_u8()).await.is_err()
}

#[tokio::test]
async fn passes_everything_on_in_order_and_the_end_too() {
    let proxy = Proxy::to(echo().await).await;
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[0] ^ number.to_le_bytes()[1]).collect();
    let (mut reading, mut writing) = connection(&proxy).await.into_split();
    let expected = sent.clone();
    let sending = tokio::spawn(async move {
        writing.write_all(&sent).await.unwrap();
        writing.shutdown().await.unwrap();
    });
    let mut received = Vec::new();
    timeout(PATIENCE, reading.read_to_end(&mut received)).await.expect("the end in time").unwrap();
    sending.await.unwrap();
    assert!(received == expected, "{} bytes of {}", received.len(), expected.len());
}

#[tokio::test]
async fn delays_both_directions_or_answers_alone_and_keeps_the_order() {
    let proxy = Proxy::to(echo().await).await;
    let mut stream = connection(&proxy).await;
    for (both, longest) in [(true, 450), (false, 300)] {
        match both {
            true => proxy.delay(MOMENT),
            false => proxy.delay_answers(MOMENT),
        }
        stream.write_all(b"one").await.unwrap();
        tokio::time::sleep(MOMENT / 3).await;
        stream.write_all(b"two").await.unwrap();
        let (bytes, took) = receive(&mut stream, 6).await;
        assert_eq!(bytes, b"onetwo");
        let least = if both { 2 * MOMENT } else { MOMENT };
        assert!(took >= least - Duration::from_millis(5), "{took:?}");
        assert!(took < Duration::from_millis(longest) + MOMENT, "{took:?}");
    }
}

#[tokio::test]
async fn holds_what_is_sent_and_delivers_it_once_healed_on_the_same_connection() {
    let proxy = Proxy::to(echo().await).await;
    let mut stream = connection(&proxy).await;
    stream.write_all(b"a").await.unwrap();
    receive(&mut stream, 1).await;
    proxy.hold();
    stream.write_all(b"bc").await.unwrap();
    assert!(is_silent(&mut stream).await);
    let mut new = connection(&proxy).await;
    new.write_all(b"d").await.unwrap();
    assert!(is_silent(&mut new).await);
    proxy.heal().await;
    assert_eq!(receive(&mut stream, 2).await.0, b"bc");
    assert_eq!(receive(&mut new, 1).await.0, b"d");
}

#[tokio::test]
async fn what_is_on_its_way_arrives_at_once_when_the_link_is_healed() {
    let proxy = Proxy::to(echo().await).await;
    let mut stream = connection(&proxy).await;
    proxy.delay(100 * PATIENCE);
    stream.write_all(b"slow").await.unwrap();
    assert!(is_silent(&mut stream).await);
    proxy.heal().await;
    assert_eq!(receive(&mut stream, 4).await.0, b"slow");
}

#[tokio::test]
async fn a_cut_closes_all_and_refuses_new_connections_until_it_is_healed() {
    let proxy = Proxy::to(echo().await).await;
    let mut streams = [connection(&proxy).await, connection(&proxy).await];
    for stream in &mut streams {
        stream.write_all(b"x").await.unwrap();
        receive(stream, 1).await;
    }
    for _ in 0..3 {
        proxy.cut().await;
        for stream in &mut streams {
            let end = timeout(PATIENCE, stream.read(&mut [0; 8])).await.expect("an end in time");
            assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
        }
        let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.heal().await;
        let mut stream = connection(&proxy).await;
        stream.write_all(b"again").await.unwrap();
        assert_eq!(receive(&mut stream, 5).await.0, b"again");
    }
}
