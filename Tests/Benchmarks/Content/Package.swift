// swift-tools-version: 6.2
import PackageDescription

// Weir's side of the content benchmark; `../run --only content` builds it and its rivals.
let package = Package(
  name: "Content",
  dependencies: [.package(name: "weir", path: "../../..")],
  targets: [
    // How much of the heap is in use; Swift's module of the C library leaves it out.
    .systemLibrary(name: "CMalloc", path: "CMalloc"),
    .executableTarget(
      name: "Content", dependencies: ["CMalloc", .product(name: "WeirPure", package: "weir")],
      path: "Sources",
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
      ]),
  ]
)
