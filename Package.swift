// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")

/// A module of the product. Which module may import which is written once more, as a test, in
/// `Tests/ArchitectureTests`; the levels are those of the design.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "weir",
  products: [
    .executable(name: "weir", targets: ["weir"]),
    // The modules without sockets, files and clocks, and the one that looks into files: what Tests/Fuzzing builds.
    .library(
      name: "WeirPure",
      targets: [
        "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "Cryptography", "SASL", "DNS",
        "MailAuthentication", "TraceAnalysis", "Patterns", "Charsets", "MessageViews", "RuleLanguage",
        "Filtering", "Checks", "ContentInspection", "RuleImport", "Rules",
      ]),
  ],
  traits: [
    .trait(name: "LDAP", description: "Users of an LDAP directory (libldap)"),
    .trait(name: "Locations", description: "Country and network number of an address (libmaxminddb)"),
    .trait(name: "FileTypes", description: "What a file is by its octets (libmagic)"),
    .trait(name: "Archives", description: "What is in an archive (libarchive)"),
    .trait(
      name: "Hyperscan", description: "All expressions of the rules in one scan (libhyperscan, libvectorscan)"
    ),
    .default(enabledTraits: ["LDAP", "Locations", "FileTypes", "Archives", "Hyperscan"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    .package(url: "https://github.com/LebJe/TOMLKit.git", from: "0.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
  ],
  targets: [
    // System libraries, one shim each.
    .systemLibrary(
      name: "COpenSSL", path: "Sources/Clibs/COpenSSL", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CPCRE2", path: "Sources/Clibs/CPCRE2", pkgConfig: "libpcre2-8",
      providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(
      name: "CLDAP", path: "Sources/Clibs/CLDAP", pkgConfig: "ldap",
      providers: [.apt(["libldap-dev"])]),
    .systemLibrary(
      // Its pkg-config file asks for libevent, which nobody needs who calls libunbound.
      name: "CUnbound", path: "Sources/Clibs/CUnbound",
      providers: [.apt(["libunbound-dev"])]),
    .systemLibrary(
      name: "CICU", path: "Sources/Clibs/CICU", pkgConfig: "icu-uc", providers: [.apt(["libicu-dev"])]),
    .systemLibrary(
      name: "CMaxMindDB", path: "Sources/Clibs/CMaxMindDB", pkgConfig: "libmaxminddb",
      providers: [.apt(["libmaxminddb-dev"])]),
    .systemLibrary(name: "CIconv", path: "Sources/Clibs/CIconv"),
    .systemLibrary(name: "CMagic", path: "Sources/Clibs/CMagic", providers: [.apt(["libmagic-dev"])]),
    .systemLibrary(
      name: "CArchive", path: "Sources/Clibs/CArchive", pkgConfig: "libarchive",
      providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(
      name: "CHyperscan", path: "Sources/Clibs/CHyperscan", pkgConfig: "libhs",
      providers: [.apt(["libhyperscan-dev"])]),
    // No library: what glibc's headers keep from the module Glibc.
    .systemLibrary(name: "CSpawn", path: "Sources/Clibs/CSpawn"),

    // Level 0 and 1
    module("Bytes"),
    module("NetAddress", ["Bytes"]),
    module(
      "Settings", ["Bytes", "NetAddress", .product(name: "TOMLKit", package: "TOMLKit")]),
    module("Cryptography", ["Bytes", "COpenSSL"]),
    module("InternationalDomains", ["CICU"]),
    module("Turns"),
    module(
      "Patterns", ["Bytes", "CPCRE2", .target(name: "CHyperscan", condition: .when(traits: ["Hyperscan"]))]),
    module("Charsets", ["Bytes", "CIconv", "CICU"]),
    // Level 2 and 3
    module("MailSyntax", ["Bytes", "NetAddress"]),
    module("SMTPProtocol", ["Bytes", "NetAddress", "MailSyntax"]),
    module("SASL", ["Bytes", "Cryptography"]),
    module("DNS", ["Bytes", "NetAddress", "InternationalDomains"]),
    module("DNSClient", ["Bytes", "NetAddress", "DNS", "CUnbound"]),
    module("MailAuthentication", ["Bytes", "NetAddress", "MailSyntax", "DNS", "Cryptography"]),
    module("TraceAnalysis", ["Bytes", "NetAddress", "MailSyntax", "DNS"]),
    module("MessageViews", ["Bytes", "NetAddress", "MailSyntax", "Charsets"]),
    module("RuleLanguage", ["Bytes", "Settings"]),
    // Level 4
    module(
      "Filtering",
      [
        "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "SASL", "DNS", "MailAuthentication",
        "TraceAnalysis", "Charsets", "MessageViews", "RuleLanguage", "Cryptography",
      ]),
    module("RuleImport", ["Bytes", "NetAddress"]),
    module(
      "ContentInspection",
      [
        "Bytes", "Turns", "Charsets", "MessageViews", "Filtering",
        .target(name: "CMagic", condition: .when(traits: ["FileTypes"])),
        .target(name: "CArchive", condition: .when(traits: ["Archives"])),
      ]),
    module("EventLoops", [nioCore]),
    module(
      "Locations",
      ["NetAddress", "Filtering", .target(name: "CMaxMindDB", condition: .when(traits: ["Locations"]))]),
    module(
      "TransportSecurity", ["Bytes", "NetAddress", "Cryptography", nioCore, nioPosix, nioTLS, nioSSL]),
    // Level 5
    module(
      "Checks",
      [
        "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "Filtering", "DNS",
        "MailAuthentication", "TraceAnalysis", "Patterns", "Cryptography", "Charsets", "MessageViews",
      ]),
    module(
      "Rules",
      [
        "Bytes", "NetAddress", "MailSyntax", "SMTPProtocol", "Filtering", "DNS", "MailAuthentication",
        "TraceAnalysis", "Charsets", "MessageViews", "Patterns", "RuleLanguage",
      ]),
    module(
      "SMTPRelay",
      [
        "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "SASL", "Filtering",
        "TransportSecurity", "EventLoops", nioCore, nioPosix, nioSSL,
      ]),
    module(
      "Authentication",
      [
        "Bytes", "NetAddress", "Settings", "SASL", "Cryptography", "Filtering", "TransportSecurity",
        nioCore, nioPosix, nioSSL, .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .target(name: "CLDAP", condition: .when(traits: ["LDAP"])),
      ]),
    module(
      "Storage",
      ["Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "Filtering", nioCore, nioPosix]),
    module("Programs", ["Turns", "Filtering", "CSpawn"]),
    module(
      "MessageStore",
      ["Bytes", "NetAddress", "MailSyntax", "SMTPProtocol", "Filtering", nioPosix, grdb]),
    module(
      "Telemetry", ["Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "Filtering"]),
    // Level 6
    module(
      "SMTPServer",
      [
        "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "SASL", "Filtering", "Storage",
        "Telemetry", "TransportSecurity", "DNS", "MailAuthentication", "EventLoops", nioCore, nioPosix,
        nioTLS,
        nioSSL,
      ]),
    module("MaildirServer", ["Bytes", "MailSyntax", "SMTPProtocol", nioCore, nioPosix]),
    // Level 7
    .executableTarget(
      name: "weir",
      dependencies: [
        "Bytes", "NetAddress", "Settings", "MailSyntax", "SMTPProtocol", "Filtering", "Checks",
        "SMTPRelay", "Storage", "Telemetry", "SMTPServer", "MaildirServer", "Authentication", "SASL",
        "Cryptography", "TransportSecurity", "COpenSSL", "DNS", "DNSClient", "MailAuthentication",
        "TraceAnalysis", "Patterns", "Locations", "CPCRE2", "Charsets", "MessageViews", "ContentInspection",
        "RuleImport", "RuleLanguage", "Rules", "MessageStore", "Programs",
        nioCore, nioPosix, nioHTTP1,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ],
      swiftSettings: strict),

    // Tests
    .target(
      name: "TestSupport",
      dependencies: ["Bytes", "NetAddress", "MailSyntax", "SMTPProtocol", "Filtering", nioCore, nioPosix],
      path: "Tests/TestSupport", swiftSettings: strict),
    tests("ArchitectureTests", []),
    tests("BytesTests", ["Bytes"]),
    tests("NetAddressTests", ["Bytes", "NetAddress"]),
    tests("SettingsTests", ["Settings", "NetAddress"]),
    tests("MailSyntaxTests", ["Bytes", "Charsets", "MailSyntax", "NetAddress", "TestSupport"]),
    tests("CryptographyTests", ["Bytes", "Cryptography"]),
    tests("SASLTests", ["Bytes", "Cryptography", "SASL"]),
    tests("DNSTests", ["Bytes", "NetAddress", "DNS", "InternationalDomains"]),
    tests("DNSClientTests", ["Bytes", "NetAddress", "DNS", "DNSClient", "TestSupport"]),
    tests(
      "MailAuthenticationTests",
      ["Bytes", "NetAddress", "MailSyntax", "DNS", "Cryptography", "MailAuthentication", "TestSupport"]),
    tests(
      "TraceAnalysisTests", ["Bytes", "NetAddress", "MailSyntax", "DNS", "TraceAnalysis", "TestSupport"]),
    tests("PatternsTests", ["Bytes", "Patterns", "TestSupport"]),
    tests("CharsetsTests", ["Bytes", "Charsets", "CIconv", "MailSyntax", "TestSupport"]),
    tests("MessageViewsTests", ["Bytes", "Charsets", "MailSyntax", "MessageViews", "TestSupport"]),
    tests("RuleLanguageTests", ["Bytes", "Patterns", "RuleLanguage", "TestSupport"]),
    tests(
      "RulesTests",
      [
        "Bytes", "NetAddress", "MailSyntax", "SMTPProtocol", "DNS", "MailAuthentication", "MessageViews",
        "Filtering", "Patterns", "RuleLanguage", "Rules",
      ]),
    tests("ContentInspectionTests", ["Bytes", "Filtering", "ContentInspection", "TestSupport"]),
    tests("RuleImportTests", ["Bytes", "NetAddress", "Filtering", "Patterns", "RuleImport", "TestSupport"]),
    tests("LocationsTests", ["NetAddress", "Filtering", "Locations", "TestSupport"]),
    tests(
      "TransportSecurityTests",
      [
        "Bytes", "NetAddress", "Cryptography", "TransportSecurity", "TestSupport", nioCore, nioPosix, nioTLS,
        nioSSL, nioEmbedded,
      ]),
    tests(
      "AuthenticationTests",
      [
        "Bytes", "NetAddress", "Settings", "SASL", "Cryptography", "Filtering", "Authentication",
        "TestSupport",
        nioCore, nioPosix,
      ]),
    tests("SMTPProtocolTests", ["Bytes", "SMTPProtocol", "MailSyntax", "NetAddress", "TestSupport"]),
    tests(
      "FilteringTests",
      [
        "Bytes", "Filtering", "Checks", "SMTPProtocol", "DNS", "MailAuthentication", "TraceAnalysis",
        "Patterns", "MailSyntax", "NetAddress", "Settings", "Charsets", "MessageViews", "ContentInspection",
        "TestSupport",
      ]),
    tests(
      "SMTPRelayTests",
      [
        "Bytes", "SMTPRelay", "Filtering", "SMTPProtocol", "MailSyntax", "NetAddress", "Settings", "SASL",
        "Cryptography", "TransportSecurity", "TestSupport",
        nioCore, nioPosix, nioSSL, nioEmbedded,
      ]),
    tests(
      "MaildirServerTests", ["Bytes", "MaildirServer", "SMTPProtocol", "TestSupport", nioCore, nioPosix]),
    tests(
      "StorageTests",
      [
        "Bytes", "Storage", "Telemetry", "Filtering", "SMTPProtocol", "NetAddress", "Settings", "TestSupport",
        nioCore, nioPosix,
      ]),
    tests("ProgramsTests", ["Turns", "Filtering", "Programs", "TestSupport"]),
    tests(
      "MessageStoreTests",
      ["Bytes", "NetAddress", "MailSyntax", "SMTPProtocol", "Filtering", "MessageStore", grdb]),
    tests(
      "GatewayTests",
      [
        "Bytes", "SMTPServer", "SMTPRelay", "Storage", "Telemetry", "Checks", "Filtering", "SMTPProtocol",
        "MailSyntax", "NetAddress", "Settings", "TestSupport", "SASL", "Cryptography", "TransportSecurity",
        "Authentication", "DNS", "DNSClient", "MailAuthentication", "TraceAnalysis", "Charsets",
        "MessageViews", "RuleLanguage", "Rules", "MessageStore", "weir", nioCore, nioPosix, nioSSL,
        nioEmbedded,
      ]),
  ]
)
