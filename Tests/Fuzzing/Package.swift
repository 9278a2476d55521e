// swift-tools-version: 6.2
import PackageDescription

// All fuzzers in one executable: libFuzzer's main is linked once, and WEIR_FUZZ says which of them it is.
// `run` builds it with `-sanitize=fuzzer,address` for every module, so that all of them are instrumented.
let package = Package(
  name: "Fuzzing",
  dependencies: [.package(name: "weir", path: "../..")],
  targets: [
    .executableTarget(
      name: "Fuzz", dependencies: [.product(name: "WeirPure", package: "weir")],
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
      ],
      // gold, the default, cannot link the sanitizers' runtimes.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])])
  ]
)
