//! What each `sslmode` makes rustls check of the database's certificate, after
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Error;

/// libpq's `sslmode`, less `allow`, which nobody should want.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(mode: &str) -> Result<Self, Error> {
        Ok(match mode {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            other => return Err(Error::SslMode(other.to_owned())),
        })
    }
}

/// What makes TLS of a TCP connection. Reads `root_file`, or else the platform's roots, if
/// the mode needs any.
pub fn connector(mode: Mode, root_file: Option<&Path>) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        trust: match (mode, root_file) {
            (Mode::Disable | Mode::Prefer, _) | (Mode::Require, None) => None,
            // With a root certificate, `require` is `verify-ca`: as in libpq.
            (Mode::Require | Mode::VerifyCa | Mode::VerifyFull, file) => Some(Trust::load(file)?),
        },
        checks_name: mode == Mode::VerifyFull,
        algorithms: provider.signature_verification_algorithms,
    };
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    // For `sslnegotiation=direct`; see PostgreSQL's protocol, "SSL Session Encryption".
    tls.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(tls))
}

/// Root certificates, and what verifies a chain that ends in one.
#[derive(Debug)]
struct Trust {
    certificates: Vec<CertificateDer<'static>>,
    chain: Arc<WebPkiServerVerifier>,
}

impl Trust {
    fn load(file: Option<&Path>) -> Result<Self, Error> {
        let certificates = match file {
            Some(path) => read(path)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        let provider = Arc::new(ring::default_provider());
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| Error::NoRoots)?;
        Ok(Self {
            certificates,
            chain,
        })
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|source| Error::RootFile {
            path: path.to_owned(),
            source,
        })
}

/// rustls's own checks, less what the mode leaves out: the name for `verify-ca`, all but the
/// handshake for `prefer` and `require`, which keep listeners out but not impostors.
#[derive(Debug)]
struct Verifier {
    trust: Option<Trust>,
    checks_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        use rustls::Error::InvalidCertificate;
        let Some(trust) = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        // A self-signed certificate named as the root of itself has no chain to verify, and
        // rustls would refuse it for being an authority's.
        let verdict = if trust.certificates.iter().any(|known| known == certificate) {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)
                .map(|()| ServerCertVerified::assertion())
        } else {
            let chain = &trust.chain;
            chain.verify_server_cert(certificate, intermediates, name, ocsp, now)
        };
        match verdict {
            // The name is what rustls checks last: all else is in order.
            Err(InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
                if !self.checks_name =>
            {
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verdict = verify_tls12_signature(message, certificate, signature, &self.algorithms);
        self.allow_unreadable(verdict)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verdict = verify_tls13_signature(message, certificate, signature, &self.algorithms);
        self.allow_unreadable(verdict)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl Verifier {
    /// The recipe in PostgreSQL's manual makes certificates of X.509 version 1, which rustls
    /// cannot read. Where any certificate will do, an unreadable one is no worse.
    fn allow_unreadable(
        &self,
        verdict: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match verdict {
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if self.trust.is_none() =>
            {
                Ok(HandshakeSignatureValid::assertion())
            }
            verdict => verdict,
        }
    }
}
