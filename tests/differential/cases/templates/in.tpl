Hello {NAME}, {NAME}! {OTHER} {{NAME}} templatesAME
{A}{B} {AB}
