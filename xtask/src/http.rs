//! Asking a local server one thing over plain HTTP.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(1);
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Whether `GET path` answers 200.
pub fn is_ok(address: SocketAddr, path: &str) -> bool {
    get(address, path).is_some_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

/// The whole answer to `GET path`, head included; nothing if there is none within a second.
pub fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        net::TcpListener,
        thread,
    };

    use super::*;

    fn answers(head: &'static str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            while reader.read_line(&mut line).expect("a request") > "\r\n".len() {
                line.clear();
            }
            reader.get_mut().write_all(head.as_bytes()).expect("an answer");
        });
        let answer = is_ok(address, "/readyz");
        server.join().expect("served");
        answer
    }

    #[test]
    fn tells_ready_from_not_ready_and_from_nobody() {
        assert!(answers("HTTP/1.1 200 OK\r\n\r\nready"));
        assert!(!answers("HTTP/1.1 503 Service Unavailable\r\n\r\n200"));
        assert!(!is_ok(([127, 0, 0, 1], crate::port::free_port()).into(), "/readyz"));
    }
}
